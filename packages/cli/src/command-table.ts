/** The commands: one table, from which the parser, `--help` and `docs/reference/commands.md` come. The worker's options are the worker's own table. */
import { choiceSetting, countSetting, durationSetting, flagSetting, namesSetting, settingTable, textSetting } from "@celeriac/core/runtime";
import {
  audienceOptions,
  type globalOptions,
  inPlaceOf,
  isObject,
  remoteCodes,
  remoteNotes,
  remoteOptions,
  remotePositionals,
  signalCodes,
  timeout,
  usageCodes,
} from "./command-options.ts";
import type { CommandRow, PositionalRow } from "./command-row.ts";
import { deadlineSetting, instantSetting, jsonSetting, type OptionValues, option } from "./option.ts";
import { scheduleCommands } from "./schedule-commands.ts";
import { workerFlags, workerOnlyFlags } from "./worker-flags.ts";

export const commandTable = {
  worker: {
    doc: "Runs tasks from the broker's queues until it is stopped.",
    notes: [
      "SIGTERM or SIGINT (Ctrl-C) stops warmly: nothing more is taken, running tasks get --grace to end, what has not begun goes back to its queue. A second one, or SIGQUIT, stops cold: running tasks are ended and go back to their queues.",
      "SIGUSR1 makes it write what each executor runs, for how long, and its JavaScript stack, even where that never gives way.",
      "On a terminal, or with --text, the log is made for reading; elsewhere, or with --json, it is one JSON object a line. A worker that was started with an IPC channel stops warmly when the process at the other end is gone.",
    ],
    positionals: {},
    options: {
      ...workerFlags,
      ...workerOnlyFlags,
    },
    examples: [
      ["celeriac -A ./tasks.ts worker", "one child process for each core"],
      ["celeriac -A ./tasks.ts worker -c 4 -Q mail,default -n w1@%h", "two queues, four processes, a name of its own"],
      ["celeriac -A ./tasks.ts worker -P async -c 200", "200 tasks at once in one thread, for tasks that wait"],
      ["celeriac -A ./tasks.ts -b redis://localhost worker", "another broker than the app's"],
    ],
    exitCodes: {
      0: "Stopped warmly.",
      1: "It could not start, or lost its broker for good: see the error's code.",
      2: usageCodes[2],
      ...signalCodes,
    },
  },
  ...scheduleCommands,
  call: {
    doc: "Sends a task and prints its id.",
    notes: [
      "Each ARG is JSON; a word that is none is taken as text. Arguments that begin with a dash come after --.",
      "An app that is found is asked for the task: its queue, priority and schema count, and a name it does not know is refused. Without an app the task is sent by name; the broker then comes from -b or CELERY_BROKER_URL.",
    ],
    positionals: { task: { doc: "Name of the task.", many: false }, args: { doc: "Its arguments, in order.", many: true } },
    options: {
      args: option(
        jsonSetting("JSON list", "All arguments as one JSON list, in place of ARGS.", (value): value is readonly unknown[] =>
          Array.isArray(value),
        ),
        "JSON",
        "a",
      ),
      kwargs: option(jsonSetting("JSON object", "Keyword arguments as one JSON object.", isObject), "JSON", "k"),
      countdown: option(durationSetting(null, "Run it this much later."), "DURATION"),
      eta: option(instantSetting("Do not run it before."), "INSTANT"),
      expires: option(deadlineSetting("Do not run it when it has not begun by then."), "WHEN"),
      queue: option(textSetting(null, "Send it to this queue."), "NAME"),
      exchange: option(textSetting(null, "Send it through this exchange; a direct one counts only with --routing-key."), "NAME"),
      routingKey: option(textSetting(null, "What the exchange finds queues by."), "KEY"),
      priority: option(countSetting(null, [0, 9], "0 to 9, higher is sooner."), "N"),
      serializer: option(inPlaceOf(settingTable.taskSerializer, "How its arguments are written."), "NAME"),
      compression: option(inPlaceOf(settingTable.taskCompression, "How its body is compressed."), "NAME"),
      id: option(
        textSetting(null, "Its id; random unless given. Sending the same id again within 10 minutes sends nothing (Redis, SQLite)."),
        "ID",
      ),
      any: option(flagSetting(false, "Send it although the app does not know its name."), null),
      wait: option(flagSetting(false, "Wait for its end and print its result."), null, "w"),
      timeout,
    },
    examples: [
      ["celeriac -A ./tasks.ts call shop.add 1 2 --wait", "send it, wait, print 3"],
      [`celeriac call mail.send ada@example.org --kwargs '{"urgent": true}'`, "a text and a keyword argument"],
      ["celeriac call report.build 2014 --countdown 10m --queue slow", "in ten minutes, through another queue"],
      ["celeriac -b amqp://localhost call proj.tasks.add 1 2", "a task of a Python worker, without an app"],
    ],
    exitCodes: {
      0: "Sent; with --wait, it succeeded.",
      ...usageCodes,
      3: "--wait: the task failed or was revoked.",
      4: "--wait: it has not ended in time.",
    },
  },
  result: {
    doc: "Prints the result of a task.",
    notes: ["Texts are printed as they are, everything else as JSON. Only the process that sent a task can read its result from rpc://."],
    positionals: { id: { doc: "The task's id, as call or delay() gave it.", many: false } },
    options: {
      wait: option(flagSetting(false, "Wait for its end."), null, "w"),
      timeout,
      traceback: option(flagSetting(false, "Of a task that failed, print the traceback of the other side."), null),
    },
    examples: [
      ["celeriac result 6f1e7c1a-… --wait", "print it as soon as it is there"],
      ["celeriac result 6f1e7c1a-… --traceback", "why did it fail?"],
    ],
    exitCodes: { 0: "It succeeded.", ...usageCodes, 3: "It failed or was revoked.", 4: "It has not ended yet." },
  },
  graph: {
    doc: "Draws a canvas, or what a task sent, as Mermaid or DOT.",
    notes: [
      "TARGET is a file or the id of a task. A file is JSON that a signature's toJSON() gave, here or in Python, or a module that exports signatures: ./report.ts:nightly names one of several. Of an id the stored results tell what the task sent, what that sent, and how each has ended; tasks have names there with resultExtended.",
      "Solid arrows carry results, dotted ones lead to error callbacks; a circle waits for all that lead to it. More than eight alike side by side are drawn as one.",
    ],
    positionals: { target: { doc: "A file with a signature, or the id of a task.", many: false } },
    options: {
      format: option(choiceSetting(["mermaid", "dot"], "mermaid", "How it is written: mermaid, or dot for Graphviz."), "NAME", "f"),
    },
    examples: [
      ["celeriac graph ./report.ts:nightly", "what a canvas will do"],
      ["celeriac -A ./tasks.ts graph 6f1e7c1a-… -f dot", "what became of one"],
    ],
    exitCodes: { 0: "Drawn.", ...usageCodes },
  },
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
  status: {
    doc: "Lists the workers that answer.",
    notes: ["Python's workers answer as well. Nobody knows how many workers there are: all that answer in time are listed."],
    positionals: {},
    options: audienceOptions,
    examples: [["celeriac -A ./tasks.ts status", "of the app's broker"]],
    exitCodes: { 0: "Somebody answered.", ...usageCodes, 69: "Nobody answered." },
  },
  inspect: {
    doc: "Asks workers what they do.",
    notes: remoteNotes,
    positionals: remotePositionals,
    options: remoteOptions,
    examples: [
      ["celeriac inspect --list", "what can be asked"],
      ["celeriac -A ./tasks.ts inspect active", "which tasks run, where, since when"],
      ["celeriac inspect query_task 6f1e7c1a-… -d celery@mail1", "one task, one worker"],
      ["celeriac --json inspect stats", "for a program"],
    ],
    exitCodes: remoteCodes,
  },
  control: {
    doc: "Changes running workers.",
    notes: [
      ...remoteNotes,
      "pause and resume ask no worker: the broker keeps which tasks and queues are paused, and all workers of Celeriac heed it within 2 s, those that start later from their first task on. What runs goes on. A paused task waits in the broker and is looked at again within 5 s, or a minute where thousands wait. pause without a name lists what is paused. Python's workers do not know of it.",
    ],
    positionals: remotePositionals,
    options: {
      ...remoteOptions,
      task: option(namesSetting([], "pause, resume: tasks, by name."), "A,B"),
      queue: option(namesSetting([], "pause, resume: queues."), "A,B"),
    },
    examples: [
      ["celeriac control --list", "what can be changed"],
      ["celeriac -A ./tasks.ts control pause --task shop.mail", "while the mail server is down"],
      ["celeriac -A ./tasks.ts control resume --task shop.mail", "when it is back"],
      ["celeriac -A ./tasks.ts control enable_events", "tell monitors of tasks"],
      ["celeriac control shutdown -d celery@mail1", "stop one worker warmly"],
    ],
    exitCodes: remoteCodes,
  },
  events: {
    doc: "Shows what workers and producers tell, as it happens.",
    notes: [
      "Workers tell that they are there, and nothing of tasks unless they are started with -E (--task-events), the app's workerSendTaskEvents is true, or celeriac control enable_events has told them to; producers tell what they send where taskSendSentEvent is true. Python's workers and producers are heard as well.",
      "On a terminal it is a picture of workers and tasks: arrows select one, Enter shows all that is known of it, r revokes it, q ends. Elsewhere, and with --dump, it is one line for each event; with --json one object, with the fields as they were sent. What was told before is not shown. SIGINT (Ctrl-C) or SIGTERM ends it.",
    ],
    positionals: {},
    options: {
      dump: option(flagSetting(false, "Print one line for each event, on a terminal too."), null, "d"),
    },
    examples: [
      ["celeriac -A ./tasks.ts events", "a picture of what goes on"],
      ["celeriac -A ./tasks.ts events --dump", "line by line"],
      ["celeriac -b redis://localhost --json events", "one JSON object a line, without an app"],
    ],
    exitCodes: { 0: "Ended by a signal.", ...usageCodes },
  },
  report: {
    doc: "Tells what the app and its servers are made of.",
    notes: [
      "Versions, system, app, tasks, and the settings that differ from their defaults, without the passwords in them; nothing is connected to. Of running workers: celeriac inspect report.",
      "--bundle also asks the servers, queues and workers, and writes all of it into files; what cannot be asked is in them as the reason.",
    ],
    positionals: {},
    options: { bundle: option(textSetting(null, "Write it, and more, into this folder, which is made."), "FOLDER") },
    examples: [
      ["celeriac -A ./tasks.ts report", "as text, to paste"],
      ["celeriac -A ./tasks.ts report --bundle ./report", "as a folder, to send"],
    ],
    exitCodes: { 0: "Done.", ...usageCodes },
  },
  dev: {
    doc: "Runs a worker that starts anew when the code changes.",
    notes: [
      "It watches the project: the folder of the nearest package.json above the app's module, without node_modules. The running worker stops warmly before the next one starts. When no broker is named, tasks wait in the file celeriac.db of the working folder.",
    ],
    positionals: {},
    options: workerFlags,
    examples: [
      ["celeriac dev", "the app of this folder"],
      ["celeriac -A ./src/tasks dev -c 1", "one task at a time"],
    ],
    exitCodes: { 0: "Stopped.", ...usageCodes, ...signalCodes },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;

export type CommandName = keyof typeof commandTable;

type PositionalValues<T extends Readonly<Record<string, PositionalRow>>> = {
  readonly [K in keyof T]: T[K]["many"] extends true
    ? readonly string[]
    : T[K] extends { readonly optional: true }
      ? string | null
      : string;
};
/** What a command is called with. */
export interface CommandArguments<C extends CommandName> {
  readonly common: OptionValues<typeof globalOptions>;
  readonly positionals: PositionalValues<(typeof commandTable)[C]["positionals"]>;
  readonly options: OptionValues<(typeof commandTable)[C]["options"]>;
}

/** For the help and the reference of the command itself. */
export const overviewExamples: CommandRow["examples"] = [
  ["celeriac -A ./tasks.ts dev", "a worker that starts anew when the code changes"],
  ["celeriac -A ./tasks.ts call shop.add 1 2 --wait", "call a task and print its result"],
  ["celeriac -A ./tasks.ts -b redis://localhost worker -c 8", "a worker with eight processes on Redis"],
];

/** How an app is found, for the help and the reference. */
export const findingTheApp: readonly string[] = [
  "-A ./tasks.ts names a file, -A ./src/tasks a file without its ending or a folder with index or celery in it; ./tasks.ts:shop is the app that it exports under the name shop.",
  'Without -A it is what package.json says under "celeriac": { "app": … }, else celery.ts or tasks.ts (or .js, .mjs) in the working folder or its src.',
];
