/** Remote control that keeps tasks from running: rows of the table in command.ts. */
import type { RemoteCommandRow } from "../command-row.ts";

export const revokeCommands = {
  revoke: {
    kind: "control",
    doc: "Keeps tasks from beginning, wherever they wait.",
    args: {
      task_id: { kind: "texts", doc: "Ids of the tasks.", required: true },
      terminate: { kind: "flag", doc: "Ends those that run." },
      signal: { kind: "textOrNumber", doc: "That their process is ended by; SIGTERM unless told." },
      abort: { kind: "text", doc: "Aborts the signal of those that run, with this reason. Python's workers pass over it." },
    },
  },
  terminate: {
    kind: "control",
    doc: "Ends tasks that run, and keeps them from beginning where they wait.",
    args: {
      signal: { kind: "textOrNumber", doc: "That their process is ended by.", required: true },
      task_id: { kind: "texts", doc: "Ids of the tasks.", required: true },
    },
  },
  revoke_by_stamped_headers: {
    kind: "control",
    doc: "As revoke, of all tasks that bear one of the stamps.",
    args: {
      headers: { kind: "stamps", doc: "Stamps: NAME=VALUE, any of which is enough.", required: true },
      terminate: { kind: "flag", doc: "As of revoke." },
      signal: { kind: "textOrNumber", doc: "As of revoke." },
    },
  },
  revoked: {
    kind: "inspect",
    doc: "The ids of tasks that the worker was told to revoke, and still remembers.",
    args: {},
    aliases: ["dump_revoked"],
  },
  hello: {
    kind: "inspect",
    doc: "What a worker that starts asks the others: it learns what they know to be revoked, and they what it knows.",
    args: {
      from_node: { kind: "text", doc: "Node name of who asks.", required: true },
      revoked: { kind: "names", doc: "Ids that it knows to be revoked." },
    },
  },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;
