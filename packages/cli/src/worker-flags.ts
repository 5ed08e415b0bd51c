/** The flags of `celeriac worker`, and those it has in common with `celeriac dev`: rows of the table of commands. What a worker takes itself is its own table. */
import {
  choiceSetting,
  durationSetting,
  flagSetting,
  type LogLevel,
  namesSetting,
  readLogLevel,
  type Setting,
  textSetting,
} from "@celeriac/core/runtime";
import { workerOptionTable } from "@celeriac/worker/option-table";
import { type OptionTable, option } from "./option.ts";

const levelNames = ["debug", "info", "warning", "error", "critical"] as const;
export const logLevelSetting: Setting<LogLevel> = {
  ...(choiceSetting(levelNames, "info", "Least level of the lines in the log.", { env: "CELERIAC_LOG_LEVEL" }) as Setting<LogLevel>),
  read: (value) => readLogLevel(String(value)),
};

/** Of both. */
export const workerFlags = {
  concurrency: option(workerOptionTable.concurrency, "N", "c"),
  pool: option(workerOptionTable.pool, "POOL", "P"),
  queues: option(workerOptionTable.queues, "A,B", "Q"),
  excludeQueues: option(workerOptionTable.excludeQueues, "A,B", "X"),
  beat: option(
    flagSetting(false, "Run a beat in this process as well: it sends what the app's schedule says. Of any number one leads."),
    null,
    "B",
  ),
  include: option(namesSetting([], "Modules with tasks to load beside the app's own."), "A,B", "I"),
  loglevel: option(logLevelSetting, "LEVEL", "l"),
  slots: option(workerOptionTable.slots, "N"),
  autoscale: option(workerOptionTable.autoscale, "MAX,MIN"),
  maxTasksPerChild: option(workerOptionTable.maxTasksPerChild, "N"),
  maxMemoryPerChild: option(workerOptionTable.maxMemoryPerChild, "KB"),
  timeLimit: option(durationSetting(null, "Hard time limit of tasks that have none; wins over the app's taskTimeLimit."), "DURATION"),
  softTimeLimit: option(
    durationSetting(null, "Soft time limit of tasks that have none; wins over the app's taskSoftTimeLimit."),
    "DURATION",
  ),
  prefetchMultiplier: option(workerOptionTable.prefetchMultiplier, "N"),
  disablePrefetch: option(flagSetting(false, "Hold no more tasks than can run at once, as --prefetch-multiplier 1."), null),
  optimization: option(
    choiceSetting(
      ["default", "fair"],
      "fair",
      "Does nothing: a task goes to whoever is free, and none waits behind a long one, in either.",
    ),
    "NAME",
    "O",
  ),
  taskEvents: option(workerOptionTable.taskEvents, null, "E"),
  statedb: option(workerOptionTable.statedb, "FILE", "S"),
  withoutMingle: option(workerOptionTable.withoutMingle, null),
  heartbeatInterval: option(workerOptionTable.heartbeatInterval, "DURATION"),
  withoutHeartbeat: option(flagSetting(false, "Tell monitors of tasks alone, as --heartbeat-interval 0."), null),
  withoutGossip: option(flagSetting(false, "Does nothing: workers do not gossip."), null),
  grace: option(workerOptionTable.grace, "DURATION"),
  http: option(workerOptionTable.http, "HOST:PORT"),
} as const satisfies OptionTable;

/** Of one that is not started anew all the time. */
export const workerOnlyFlags = {
  hostname: option(workerOptionTable.hostname, "NAME", "n"),
  purge: option(workerOptionTable.purge, null),
  discard: option(flagSetting(false, "As --purge."), null),
  logfile: option(
    textSetting(
      null,
      "Append the log to this file, as JSON lines. %n is the first part of the node name, %h its host, %d the host's domain.",
    ),
    "FILE",
    "f",
  ),
  pidfile: option(
    textSetting(
      null,
      "Keep the number of the process in this file while it runs; refuse to start while the process that is in it lives. %n, %h and %d as for --logfile.",
    ),
    "FILE",
  ),
  noBanner: option(flagSetting(false, "Begin without the overview of app, broker and tasks."), null),
  hint: option(flagSetting(false, "Begin with a line that calls one of the app's tasks."), null),
} as const satisfies OptionTable;
