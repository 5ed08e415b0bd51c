/** The commands of tasks and their results: rows of the table of commands. */
import { choiceSetting, countSetting, durationSetting, flagSetting, settingTable, textSetting } from "@celeriac/core/runtime";
import { inPlaceOf, isObject, timeout, usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { deadlineSetting, instantSetting, jsonSetting, option } from "./option.ts";

export const taskCommands = {
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
} as const satisfies Readonly<Record<string, CommandRow>>;
