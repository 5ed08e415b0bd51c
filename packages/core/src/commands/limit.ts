/** Remote control of how long and how often tasks run: rows of the table in command.ts. */
import type { RemoteCommandRow } from "../command-row.ts";

export const limitCommands = {
  time_limit: {
    kind: "control",
    doc: "Sets the time limits of a task, for runs that come later, until the worker ends. A call's own limits win.",
    args: {
      task_name: { kind: "text", doc: "Name of the task.", required: true },
      soft: { kind: "number", doc: "Seconds; the app's unless told." },
      hard: { kind: "number", doc: "Seconds; the app's unless told." },
    },
  },
  rate_limit: {
    kind: "control",
    doc: "How often the worker lets a task begin, until it stops.",
    args: {
      task_name: { kind: "text", doc: "Name of the task.", required: true },
      rate_limit: { kind: "textOrNumber", doc: "10/s, 100/m, 1/h, or a number per second; 0 is no limit.", required: true },
    },
  },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;
