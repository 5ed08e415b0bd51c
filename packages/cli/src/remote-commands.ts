/** The commands that ask and change running workers, and hear them: rows of the table of commands. */
import { flagSetting, namesSetting } from "@celeriac/core/runtime";
import { audienceOptions, remoteCodes, remoteNotes, remoteOptions, remotePositionals, usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { option } from "./option.ts";

export const remoteCommands = {
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
} as const satisfies Readonly<Record<string, CommandRow>>;
