/** The commands of DAGs: rows of the table of commands. */

import { dagSettingTable } from "@celeriac/airflow-bridge/dag-settings";
import {
  choiceSetting,
  countSetting,
  type Duration,
  durationSetting,
  flagSetting,
  namesSetting,
  textSetting,
} from "@celeriac/core/runtime";
import { isObject, signalCodes, usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { instantSetting, jsonSetting, option, ownOption } from "./option.ts";
import { logLevelSetting } from "./worker-flags.ts";

const dagPlace = { dag: { doc: "Id of the DAG.", many: false } } as const;
const runPlace = { ...dagPlace, run: { doc: "Id of the run.", many: false } } as const;
const someDags = { dags: { doc: "Ids of DAGs.", many: true } } as const;
const kept = (name: string, form: string) =>
  ({
    action: { doc: "list, get, set or remove.", many: false, optional: true },
    name: { doc: `Its ${name}.`, many: false, optional: true },
    value: { doc: form, many: false, optional: true },
  }) as const;
const whichTasks = {
  tasks: option(namesSetting([], "Only these tasks; unless told, all of the run."), "A,B"),
  upstream: option(flagSetting(false, "With --tasks: all before them, too."), null),
  downstream: option(flagSetting(false, "With --tasks: all behind them, too."), null),
} as const;
const exitCodes = { 0: "Done.", 1: "It could not be done: see the error's code.", 2: usageCodes[2] } as const;
const params = option(
  jsonSetting("JSON object", "Parameters of the run, over those of the DAG, as one JSON object.", isObject),
  "JSON",
  "p",
);

export const dagCommands = {
  "dag scheduler": {
    doc: "Starts runs of DAGs, and has their tasks run.",
    notes: [
      "DAGs are those that the app's modules make with dag(). With the executor local, tasks run in child processes here; with celery they are tasks of the app's queues, which workers with the same app run; sequential runs one after the other, here. Any number of schedulers may share one store.",
      "SIGTERM or SIGINT (Ctrl-C) lets what runs here end, for as long as --grace says; a second one ends it at once. Whatever is left is adopted by the next scheduler. The log is one JSON object a line, on a terminal, or with --text, made for reading.",
    ],
    positionals: {},
    options: {
      executor: ownOption(dagSettingTable.executor, "NAME"),
      parallelism: ownOption(dagSettingTable.parallelism, "N"),
      untilIdle: option(flagSetting(false, "End when no run is due, queued or running any more."), null),
      loglevel: option(logLevelSetting, "LEVEL", "l"),
      logfile: option(textSetting(null, "Append the log to this file, as JSON lines."), "FILE", "f"),
      pidfile: option(textSetting(null, "Write its process id there while it runs; refuse to start where another one's is."), "FILE"),
      grace: option(
        durationSetting<Duration>("60s", "How long tasks that run here may take to end after a stop was asked for."),
        "DURATION",
      ),
    },
    examples: [
      ["celeriac -A ./dags.ts dag scheduler", "the DAGs of this app, with tasks in child processes"],
      ["celeriac -A ./dags.ts dag scheduler --executor celery", "with tasks on whatever workers there are"],
      ["celeriac -A ./dags.ts dag scheduler --until-idle", "what is due and asked for, and no more"],
    ],
    exitCodes: { 0: "Stopped.", 1: "It could not start: see the error's code.", 2: usageCodes[2], ...signalCodes },
  },
  "dag init": {
    doc: "Makes the store of DAGs, and a first DAG.",
    notes: [
      "Without an app here, ./dags.ts is written (./dags.mts in a package of CommonJS), which has one DAG. A file that is there is never written over; what it has is told.",
    ],
    positionals: {},
    options: {},
    examples: [["celeriac dag init", "in the folder of a project"]],
    exitCodes,
  },
  "dag list": {
    doc: "Lists DAGs, and the runs of one.",
    notes: ["All that the store knows of: those of the app, and those that another app keeps there."],
    positionals: { dag: { doc: "Id of a DAG: its latest runs.", many: false, optional: true } },
    options: {},
    examples: [
      ["celeriac dag list", "all DAGs, with their next run"],
      ["celeriac dag list etl", "the latest runs of one"],
    ],
    exitCodes,
  },
  "dag states": {
    doc: "Tells how the tasks of a run stand.",
    notes: ["The last column says why one failed, or was skipped. The states are Airflow's."],
    positionals: runPlace,
    options: { tries: option(flagSetting(false, "Each try that has ended, too."), null) },
    examples: [
      ["celeriac dag states etl scheduled__2026-01-01T00:00:00+00:00", "each task instance, and why it failed"],
      ["celeriac --json dag states etl manual__today", "for programs"],
    ],
    exitCodes,
  },
  "dag trigger": {
    doc: "Makes a run of a DAG, which a scheduler takes up.",
    notes: ["It begins when a scheduler runs, as soon as the DAG is not paused and has room. The id of the run is what is printed."],
    positionals: dagPlace,
    options: {
      runId: option(textSetting(null, "Id of the run; unless told, manual__, the date, and eight random letters."), "ID"),
      logicalDate: option(instantSetting("Its logical date; now, unless told."), "INSTANT"),
      params,
      wait: option(flagSetting(false, "Wait until it has ended."), null, "w"),
      timeout: option(
        durationSetting<Duration | null>(null, "With --wait, no longer than this; unset: as long as it takes."),
        "DURATION",
        "t",
      ),
    },
    examples: [
      ["celeriac dag trigger etl", "now"],
      [`celeriac dag trigger etl -p '{"city": "Oslo"}' --wait`, "with parameters, until it has ended"],
    ],
    exitCodes: { ...exitCodes, 3: "With --wait: it failed.", 4: "With --wait: it had not ended after --timeout." },
  },
  "dag backfill": {
    doc: "Makes the runs of a range of dates.",
    notes: [
      "One run for each logical date that the DAG's timetable has from --from to --to, both included. Runs that are there are left alone, unless --reprocess says that failed ones, or all that have ended, run again.",
    ],
    positionals: dagPlace,
    options: {
      from: option(instantSetting("The first logical date."), "INSTANT"),
      to: option(instantSetting("The last logical date; now, unless told."), "INSTANT"),
      maxActiveRuns: option(countSetting(10, [1, 1_000], "Runs of it at once, beside those of the DAG."), "N"),
      reprocess: option(
        choiceSetting(
          ["none", "failed", "completed"],
          "none",
          "Runs there that run again: none, failed, or completed, which are all that have ended.",
        ),
        "WHICH",
      ),
      reverse: option(flagSetting(false, "The latest first."), null),
      params,
    },
    examples: [["celeriac dag backfill etl --from 2026-01-01 --to 2026-01-31", "a month"]],
    exitCodes,
  },
  "dag pause": {
    doc: "Keeps DAGs from starting runs and tasks.",
    notes: ["What runs, ends. Runs that are asked for meanwhile wait."],
    positionals: someDags,
    options: {},
    examples: [["celeriac dag pause etl", "until celeriac dag unpause etl"]],
    exitCodes,
  },
  "dag unpause": {
    doc: "Lets paused DAGs go on.",
    notes: ["With catchUp, a DAG makes the runs that it missed."],
    positionals: someDags,
    options: {},
    examples: [["celeriac dag unpause etl", "from now on"]],
    exitCodes,
  },
  "dag clear": {
    doc: "Lets tasks of a run run again.",
    notes: ["They get all their retries again. What runs is told to stop first. The run goes on, and how it ends is decided anew."],
    positionals: runPlace,
    options: {
      ...whichTasks,
      onlyFailed: option(flagSetting(false, "Of these, only those that failed, or could not run for that."), null),
    },
    examples: [
      ["celeriac dag clear etl manual__today --only-failed", "what failed, and what that held up"],
      ["celeriac dag clear etl manual__today --tasks load --downstream", "one task, and all behind it"],
    ],
    exitCodes,
  },
  "dag mark": {
    doc: "Says how a run, or tasks of it, ended.",
    notes: [
      "What runs is told to stop. Of tasks that are marked, those behind them that had failed for their sake run after all. Without --tasks it is the whole run: success, and so have all its tasks; failed, and what had not begun is skipped.",
    ],
    positionals: { ...runPlace, state: { doc: "success, failed or, of tasks, skipped.", many: false } },
    options: whichTasks,
    examples: [
      ["celeriac dag mark etl manual__today failed", "a run that is given up"],
      ["celeriac dag mark etl manual__today success --tasks check", "a task that need not run"],
    ],
    exitCodes,
  },
  "dag import": {
    doc: "Takes over connections or variables of an Airflow.",
    notes: [
      "FILE is what airflow connections export or airflow variables export wrote: JSON, or .env for connections. All of it is read before anything is written. What the store has already, and has otherwise, stays as it is without --overwrite: of variables, too, which Airflow's own import replaces.",
    ],
    positionals: { file: { doc: "The exported file.", many: false } },
    options: {
      overwrite: option(flagSetting(false, "Replace what is there and differs."), null),
      as: option(
        choiceSetting(
          ["auto", "connections", "variables"],
          "auto",
          "What the file has; auto: connections where all have a conn_type, or the file is .env.",
        ),
        "WHICH",
      ),
    },
    examples: [
      ["celeriac dag import connections.json", "after airflow connections export connections.json"],
      ["celeriac dag import variables.json --overwrite", "those that were changed in Airflow meanwhile, too"],
    ],
    exitCodes,
  },
  "dag connections": {
    doc: "Shows and changes the connections of DAGs.",
    notes: [
      "list, where nothing is said, shows those of the store, with stars for secrets. get shows the one that a task which runs here is given, as JSON with its password: AIRFLOW_CONN_<ID> wins over the store. set keeps one, and replaces it. Without VALUE it reads standard input, which other users of the machine do not see, as they see a command line.",
    ],
    positionals: kept("id", "A URI, such as postgres://login:password@host/database, or JSON, as in Airflow."),
    options: {},
    examples: [
      ["celeriac dag connections", "all, without their secrets"],
      ["celeriac dag connections set warehouse", "to what standard input has"],
      ["celeriac dag connections remove warehouse", "from the store"],
    ],
    exitCodes,
  },
  "dag variables": {
    doc: "Shows and changes the variables of DAGs.",
    notes: [
      "list, where nothing is said, shows those of the store, with stars for what their keys call a secret. get prints the one that a task which runs here is given: AIRFLOW_VAR_<KEY> wins over the store. set keeps one, and replaces it; without VALUE it reads standard input.",
    ],
    positionals: kept("key", "Any text; JSON, where tasks ask for it."),
    options: {},
    examples: [
      ["celeriac dag variables", "all, without their secrets"],
      [`celeriac dag variables set limits '{"rows": 1000}'`, "as JSON, which a task reads with { json: true }"],
    ],
    exitCodes,
  },
  "dag rotate-fernet-key": {
    doc: "Encrypts connections and variables anew.",
    notes: [
      "With the first key of CELERIAC_DAG_FERNET_KEY, all of them or none. First a new key is put in front of the old one, for all processes; then this; then the old one is taken away.",
    ],
    positionals: {},
    options: {},
    examples: [["celeriac dag rotate-fernet-key", "with the keys of the environment"]],
    exitCodes,
  },
  "dag pools": {
    doc: "Shows and changes the pools of DAGs.",
    notes: [
      "A pool has so many slots for the task instances that name it. list, where nothing is said, shows how many of them are used. set makes a pool, or changes it. An instance whose pool is not there, or has less slots than it needs, waits, and dag states says so.",
    ],
    positionals: {
      action: { doc: "list, set or remove.", many: false, optional: true },
      name: { doc: "Its name. default_pool stays.", many: false, optional: true },
      slots: { doc: "How many slots it has.", many: false, optional: true },
    },
    options: { includeDeferred: option(flagSetting(false, "set: deferred instances hold their slots, too."), null) },
    examples: [
      ["celeriac dag pools", "all, with what is used"],
      ["celeriac dag pools set gpu 4", "four at a time"],
    ],
    exitCodes,
  },
  "dag clean": {
    doc: "Forgets runs that ended long ago.",
    notes: [
      "With their task instances, tries and what tasks gave. The last run of each DAG stays, and the last that its schedule made. A cron of your own may call it while schedulers run. A SQLite file does not get smaller, but has room for the next runs.",
    ],
    positionals: {},
    options: { keep: option(durationSetting(null, "What ended within this time stays."), "DURATION") },
    examples: [["celeriac dag clean --keep 90d", "each night, say"]],
    exitCodes,
  },
  "dag test": {
    doc: "Runs a DAG here, once, without store, scheduler or queue.",
    notes: [
      "One task after the other, in this process, and what it triggers as well. Time between tries and between looks of a sensor is passed over. Nothing is kept; connections and variables are read from the store, where there is one.",
    ],
    positionals: dagPlace,
    options: { logicalDate: option(instantSetting("Its logical date; now, unless told."), "INSTANT"), params },
    examples: [["celeriac -A ./dags.ts dag test etl", "to try it out"]],
    exitCodes: { ...exitCodes, 3: "The run failed." },
  },
  "dag tables": {
    doc: "Makes, checks and fills tables that DAGs are made of.",
    notes: [
      "init makes the six tables of dagsFromTables() in the database that the app names, or --url; those that are there stay as they are. check reads all rows and tells what is wrong with them, with table, key and column.",
      "add-process writes the rows of a process that runs a script, and the script itself where there is none yet. Nothing is written where a row would be wrong.",
    ],
    positionals: {
      action: { doc: "init, check or add-process.", many: false },
      name: { doc: "add-process: the name of the process.", many: false, optional: true },
    },
    options: {
      url: option(textSetting(null, "The database; unless told, that of the app.", { secret: true }), "URL"),
      prefix: option(textSetting(null, "The names of the tables begin so; unless told, as the app says, or control_."), "TEXT"),
      print: option(flagSetting(false, "init: print the statements, and make nothing."), null),
      stream: option(textSetting(null, "add-process: which stream it is for, where there are several."), "NAME"),
      script: option(textSetting(null, "add-process: the file of its script, below the folder of scripts."), "FILE"),
      group: option(textSetting(null, "add-process: the process group that it is in."), "NAME"),
      depends: option(namesSetting([], "add-process: the processes that it waits for."), "A,B"),
    },
    examples: [
      ["celeriac dag tables init", "in the database of the app"],
      ["celeriac dag tables init --print", "for who makes tables in another way"],
      ["celeriac dag tables check", "before the next reading does"],
      ["celeriac dag tables add-process load --script load.ts --depends extract", "two rows, and processes/load.ts"],
    ],
    exitCodes: { ...exitCodes, 1: "Rows are wrong, or it could not be done: see the error's code." },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
