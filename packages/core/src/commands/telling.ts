/** Remote control of what a worker tells monitors and its log: rows of the table in command.ts. */
import type { RemoteCommandRow } from "../command-row.ts";

export const tellingCommands = {
  enable_events: { kind: "control", doc: "Tells monitors of tasks from now on, as -E does.", repeats: true, args: {} },
  disable_events: { kind: "control", doc: "Tells monitors nothing of tasks any more.", args: {} },
  heartbeat: { kind: "control", doc: "Tells monitors at once that the worker is there.", args: {} },
  loglevel: {
    kind: "control",
    doc: "Writes log lines from this level on, the tasks' own as well: debug, info, warning, error or silent.",
    args: { level: { kind: "text", doc: "The least level.", required: true } },
  },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;
