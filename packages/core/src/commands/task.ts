/** Remote control that looks at tasks: those that a worker holds, and those that it can run: rows of the table in command.ts. */
import type { RemoteCommandRow } from "../command-row.ts";

export const taskCommands = {
  active: {
    kind: "inspect",
    doc: "The tasks that run.",
    args: { safe: { kind: "flag", doc: "Arguments as text, and not as they are." } },
    aliases: ["dump_active"],
  },
  reserved: {
    kind: "inspect",
    doc: "The tasks that the worker holds and that have not begun.",
    args: { safe: { kind: "flag", doc: "As of active." } },
    aliases: ["dump_reserved"],
  },
  scheduled: {
    kind: "inspect",
    doc: "The tasks that wait in the worker for their time: none, since they wait in the broker.",
    args: {},
    aliases: ["dump_schedule"],
  },
  query_task: {
    kind: "inspect",
    doc: "Whether the worker holds tasks, by id: active or reserved.",
    args: { ids: { kind: "texts", doc: "Ids of the tasks.", required: true } },
  },
  registered: {
    kind: "inspect",
    doc: "The names of the tasks that the worker can run.",
    args: { taskinfoitems: { kind: "texts", doc: "Options to be told with each, such as rate_limit." } },
    aliases: ["registered_tasks", "dump_tasks"],
  },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;
