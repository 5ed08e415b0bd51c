/** The commands of schedules: rows of the table of commands. */
import { beatOptionTable } from "@celeriac/beat/option-table";
import { countSetting, durationSetting, flagSetting, textSetting } from "@celeriac/core/runtime";
import { isObject, signalCodes, usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { instantSetting, jsonSetting, option } from "./option.ts";
import { logLevelSetting } from "./worker-flags.ts";

/** null: not given, which is as the API has it */
const choice = (choices: readonly string[], doc: string) => ({
  ...textSetting(null, doc),
  kind: `one of ${choices.join(", ")}`,
  read: (value: unknown) => (typeof value === "string" && choices.includes(value) ? value : undefined),
});

export const scheduleCommands = {
  beat: {
    doc: "Sends the tasks of the schedule when they are due.",
    notes: [
      "Any number may run: one of them leads and sends, and another takes its place within seconds when it dies. Entries are those of the app's code, app.schedule() and beatSchedule, and those that were added while it runs: celeriac schedules shows and changes them.",
      "SIGTERM or SIGINT (Ctrl-C) lets what is being sent end and gives the lead to the next; a second one ends it at once. The log is one JSON object a line, on a terminal, or with --text, made for reading.",
    ],
    positionals: {},
    options: {
      loglevel: option(logLevelSetting, "LEVEL", "l"),
      logfile: option(textSetting(null, "Append the log to this file, as JSON lines."), "FILE", "f"),
      pidfile: option(textSetting(null, "Write its process id there while it runs; refuse to start where another one's is."), "FILE"),
      failover: option(beatOptionTable.failover, "DURATION"),
      http: option(beatOptionTable.http, "HOST:PORT"),
      grace: option(beatOptionTable.grace, "DURATION"),
    },
    examples: [
      ["celeriac -A ./tasks.ts beat", "the schedule of this app"],
      ["celeriac -A ./tasks.ts -b redis://localhost beat -l debug", "another broker than the app's"],
    ],
    exitCodes: { 0: "Stopped.", 1: "It could not start: see the error's code.", 2: usageCodes[2], ...signalCodes },
  },
  schedules: {
    doc: "Lists and changes the entries of the schedule.",
    notes: [
      "list shows all of them, and of entries that are named the next ten due times. add takes the name of the entry, that of a task and its arguments, as call does, or --canvas, and one of --every, --cron and --at. A running beat heeds every change within a second.",
      "Entries of the app's code can be paused, resumed and triggered; to change or remove them is for the code. A deploy leaves alone what was added here. trigger sends the task now, out of turn.",
    ],
    positionals: {
      action: { doc: "list (unless told), add, pause, resume, trigger or remove.", many: false, optional: true },
      names: { doc: "The entries. add: the entry, its task, and the task's arguments.", many: true },
    },
    options: {
      every: option(durationSetting(null, "add: due every so often."), "DURATION"),
      relative: option(flagSetting(false, "add: with --every, at whole multiples of it."), null),
      cron: option(textSetting(null, "add: due as a line of cron's says, of five fields."), "LINE"),
      tz: option(textSetting(null, "add: with --cron, in this time zone; the app's `timezone` unless told."), "ZONE"),
      at: option(instantSetting("add: due once."), "INSTANT"),
      canvas: option(
        textSetting(
          null,
          "add: send the chain, group or chord in this file, in place of a task: JSON, or what a module exports, FILE:NAME if it exports several.",
        ),
        "FILE",
      ),
      kwargs: option(jsonSetting("JSON object", "add: keyword arguments as one JSON object.", isObject), "JSON", "k"),
      queue: option(textSetting(null, "add: send it to this queue."), "NAME"),
      priority: option(countSetting(null, [0, 9], "add: 0 to 9, higher is sooner."), "N"),
      expires: option(durationSetting(null, "add: it is not run when it has not begun so long after it was sent."), "DURATION"),
      startAt: option(instantSetting("add: not due before."), "INSTANT"),
      endAt: option(instantSetting("add: not due after."), "INSTANT"),
      maxRuns: option(countSetting(null, [1, 1_000_000_000], "add: sent so many times at most."), "N"),
      jitter: option(durationSetting(null, "add: sent up to so much later than due, by chance."), "DURATION"),
      catchUp: option(choice(["last", "skip", "all"], "add: what of missed due times is sent: last (unless told), skip or all."), "HOW"),
      deadline: option(durationSetting(null, "add: nothing is sent that was due longer ago."), "DURATION"),
      overlap: option(
        choice(["allow", "skip", "cancel"], "add: where the task before has not ended: allow (unless told), skip or cancel."),
        "HOW",
      ),
    },
    examples: [
      ["celeriac schedules", "what is scheduled, and when it is due next"],
      ["celeriac schedules list nightly", "one entry, and its next ten due times"],
      [`celeriac schedules add poll feeds.poll --every 30s`, "every 30 s from now on"],
      [`celeriac schedules add nightly report.build --cron "0 3 * * mon-fri"`, "at three, on working days"],
      [`celeriac schedules add weekly --canvas ./report.ts:weekly --cron "@weekly"`, "the canvas that a module exports as weekly"],
      ["celeriac schedules pause nightly", "not until it is resumed"],
      ["celeriac schedules trigger nightly", "now, out of turn"],
    ],
    exitCodes: { 0: "Done.", ...usageCodes },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
