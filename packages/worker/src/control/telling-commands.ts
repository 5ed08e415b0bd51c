/** Remote control of what a worker tells: events and log lines. Texts are Celery's, where it has them. */
import { CeleriacError, logLevels, readLogLevel } from "@celeriac/core/runtime";
import type { Commands } from "./command.ts";

export const tellingCommands: Commands<"enable_events" | "disable_events" | "heartbeat" | "loglevel"> = {
  enable_events({ events, logger }) {
    if (!events.turn(true)) return { ok: "task events already enabled" };
    logger.info("task events enabled by remote control");
    return { ok: "task events enabled" };
  },
  disable_events: ({ events }) => ({ ok: events.turn(false) ? "task events disabled" : "task events already disabled" }),
  loglevel({ logLevel }, { level: name }) {
    const level = readLogLevel(name);
    if (level === undefined)
      throw new CeleriacError("CONTROL_ARGUMENTS", `loglevel: level is one of ${logLevels.join(", ")}, got ${JSON.stringify(name)}`);
    const before = logLevel.level;
    logLevel.set(level);
    return { ok: `log level is ${level}, was ${before}` };
  },
  heartbeat({ presence }) {
    presence.beat();
    return null;
  },
};
