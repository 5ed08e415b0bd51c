/** Remote control of events: turned on and off while the worker runs. Texts are Celery's. */
import type { Commands } from "./command.ts";

export const eventCommands: Commands<"enable_events" | "disable_events" | "heartbeat"> = {
  enable_events: ({ events }) => ({ ok: events.turn(true) ? "task events enabled" : "task events already enabled" }),
  disable_events: ({ events }) => ({ ok: events.turn(false) ? "task events disabled" : "task events already disabled" }),
  heartbeat({ presence }) {
    presence.beat();
    return null;
  },
};
