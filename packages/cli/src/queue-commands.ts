/** The commands of queues and what lies in them: rows of the table of commands. */
import { countSetting, flagSetting, namesSetting } from "@celeriac/core/runtime";
import { usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { option } from "./option.ts";

export const queueCommands = {
  queues: {
    doc: "Lists queues, looks into them, pauses and resumes them.",
    notes: [
      "A list shows what is ready, for how long the next in line has waited, what lies among the dead letters, and which queues are paused. Redis knows the age only of messages that carry a timestamp, RabbitMQ of none; and RabbitMQ cannot list its queues: shown are those that the app names.",
      "Out of a paused queue no worker of Celeriac takes anything, whenever it starts, until the queue is resumed; what workers hold goes on, and messages still arrive. Python's workers do not know of it.",
      "On RabbitMQ peek takes messages and gives them back, which marks them as redelivered: a worker counts that once, as a run that may have died.",
    ],
    positionals: {
      action: { doc: "list (unless told), peek, pause or resume.", many: false, optional: true },
      queues: { doc: "The queues. list: all of them unless named; peek, pause and resume: one or more.", many: true },
    },
    options: { limit: option(countSetting(10, [1, 1_000], "peek: most messages of each queue."), "N", "n") },
    examples: [
      ["celeriac queues", "all queues of the broker"],
      ["celeriac queues peek mail -n 3", "what comes next"],
      ["celeriac queues pause mail", "while the mail server is down"],
      ["celeriac queues resume mail", "when it is back"],
      ["celeriac -b redis://localhost --json queues list mail mail.dead", "for a program"],
    ],
    exitCodes: { 0: "Done.", ...usageCodes },
  },
  bindings: {
    doc: "Lists which exchanges lead to which queues.",
    notes: [
      "RabbitMQ tells its bindings only through its management plugin (rabbitmqctl list_bindings): shown is what the app declares. Redis does not keep the type of an exchange, but topics have patterns.",
    ],
    positionals: { exchanges: { doc: "Only these exchanges.", many: true } },
    options: {},
    examples: [
      ["celeriac bindings", "all of them"],
      ["celeriac --json bindings orders", "those of one exchange, for a program"],
    ],
    exitCodes: { 0: "Done.", ...usageCodes },
  },
  dead: {
    doc: "Lists dead letters, sends them back to run again, deletes them.",
    notes: [
      "Dead letters are messages that were taken out of a queue because nobody can run them, or because their runs kept ending their process: the queue beside it, NAME.dead, keeps them, with the reason.",
      "redrive puts them back into the queue they came out of, with the same task id, as if they had never begun. Each goes in one step (on RabbitMQ twice rather than not at all when it is cut off), and what was not reached when the command is ended stays. With --id all dead letters of a queue are looked through: name the queue where there are many.",
      "On RabbitMQ, which cannot list its queues, those of the app are looked at; others have to be named.",
    ],
    positionals: {
      action: { doc: "list (unless told), redrive or purge.", many: false, optional: true },
      queues: { doc: "Whose dead letters: the queues by their own names; unless named, all.", many: true },
    },
    options: {
      id: option(namesSetting([], "redrive, purge: those of these tasks."), "ID,ID"),
      all: option(flagSetting(false, "redrive, purge: all of them."), null),
      limit: option(countSetting(100, [1, 100_000], "list: most of each queue."), "N", "n"),
    },
    examples: [
      ["celeriac dead", "what lies there, and why"],
      ["celeriac dead redrive mail --all", "when the cause is mended"],
      ["celeriac dead redrive --id 6f1e7c1a-…", "one task"],
      ["celeriac dead purge mail --all", "delete them, for good"],
    ],
    exitCodes: { 0: "Done.", 1: "An error: see its code; or a task was named that has no dead letter.", 2: usageCodes[2] },
  },
  purge: {
    doc: "Deletes the messages that wait in queues, for good.",
    notes: [
      "It says how many there are and asks first; without a terminal to ask on it needs --force. Delayed messages go as well, but on RabbitMQ; what workers hold does not.",
    ],
    positionals: { queues: { doc: "The queues; unless named, the app's taskQueues, else its default queue.", many: true } },
    options: {
      force: option(flagSetting(false, "Delete without asking."), null, "f"),
      queues: option(namesSetting([], "The queues, as Celery's purge takes them."), "A,B", "Q"),
      excludeQueues: option(namesSetting([], "Not these queues."), "A,B", "X"),
    },
    examples: [
      ["celeriac purge mail", "asks, then empties one queue"],
      ["celeriac -A ./tasks.ts purge -f -X audit", "all queues of the app but one, without asking"],
      ["celeriac purge -f mail.dead", "forget dead letters"],
    ],
    exitCodes: { 0: "Done.", 1: "An error: see its code; or the answer was no.", 2: usageCodes[2] },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
