/** The commands that take the place of Airflow's own: rows of the table of commands. Their flags are those of `airflow celery worker`, and a few of ours. */
import {
  choiceSetting,
  countSetting,
  type Duration,
  durationSetting,
  flagSetting,
  namesSetting,
  type Setting,
  textSetting,
} from "@celeriac/core/runtime";
import { workerOptionTable } from "@celeriac/worker/option-table";
import { signalCodes, usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { option } from "./option.ts";

const saying = <T>(setting: Setting<T>, doc: string): Setting<T> => ({ ...setting, doc });

const team = (doc: string) => option(textSetting(null, doc), "NAME");

export const airflowCommands = {
  "airflow worker": {
    doc: "Runs the tasks of an Airflow with CeleryExecutor.",
    notes: [
      "It stands in the place of `airflow celery worker`, in the same environment: it reads airflow.cfg and the variables AIRFLOW__SECTION__KEY, takes messages of Airflow 2 and 3, and starts a process of Airflow for each.",
      "SIGTERM or SIGINT (Ctrl-C) stops warmly: nothing more is taken, and it waits for the running tasks, which are told nothing, however long they take. A second one, or SIGQUIT, stops cold: their processes get SIGTERM, on which Airflow ends the tasks, and it waits until they are gone. A third one ends it at once.",
    ],
    positionals: {},
    options: {
      queues: option(namesSetting([], "Queues to serve; unset: [operators] default_queue."), "A,B", "q"),
      concurrency: option(countSetting(null, [1, 10_000], "Tasks at once; unset: [celery] worker_concurrency, which is 16."), "N", "c"),
      autoscale: option(
        saying(
          workerOptionTable.autoscale,
          "Tasks at once, in place of --concurrency: so many at most while some wait, and so few after 30 s without need; unset: [celery] worker_autoscale.",
        ),
        "MAX,MIN",
        "a",
      ),
      celeryHostname: option(
        textSetting(
          null,
          "Node name, or what stands behind celery@ in it; a worker does not start beside another one that answers to it. Unset: the host's name.",
        ),
        "NAME",
        "H",
      ),
      team: team("Run the tasks of one team, from its broker: Airflow 3.2 or later with [core] multi_team."),
      pid: option(textSetting(null, "Keep the number of the process in this file while it runs."), "FILE"),
      logFile: option(textSetting(null, "Append the log to this file, as JSON lines."), "FILE", "l"),
      verbose: option(flagSetting(false, "Log more than [logging] celery_logging_level says: all there is."), null, "v"),
      withoutMingle: option(workerOptionTable.withoutMingle, null),
      withoutGossip: option(flagSetting(false, "Does nothing: workers do not gossip."), null),
      grace: option(
        durationSetting<Duration | null>(
          null,
          "How long running tasks may take to end after a stop was asked for, before their processes get SIGTERM; unset: as long as they take.",
        ),
        "DURATION",
      ),
      tasks: option(
        namesSetting([], "Modules that register tasks of Airflow 3 in TypeScript: those run here, whatever else their queues bring."),
        "FILE,FILE",
      ),
      launcher: option(
        choiceSetting(
          ["auto", "fork-server", "spawn", "none"],
          "auto",
          "How processes of tasks are started: forked from one that has imported Airflow, or each anew; none: only those of --tasks, and no Python is needed; auto: forked, unless [core] execute_tasks_new_python_interpreter is true, or none, where --tasks is given and there is no command airflow.",
        ),
        "NAME",
      ),
      skipServeLogs: option(flagSetting(false, "Do not serve logs of tasks on [logging] worker_log_server_port."), null, "s"),
      http: option(workerOptionTable.http, "HOST:PORT"),
      noBanner: option(flagSetting(false, "Begin without the overview of broker, results and queues."), null),
    },
    examples: [
      ["celeriac airflow worker", "as airflow.cfg says"],
      ["celeriac airflow worker -q default,gpu -c 4", "two queues, four tasks at once"],
      ["celeriac airflow worker -q typescript --tasks ./tasks.ts", "tasks in TypeScript, which need no Python here"],
    ],
    exitCodes: {
      0: "Stopped warmly.",
      1: "It could not start: see the error's code.",
      2: usageCodes[2],
      ...signalCodes,
    },
  },
  "airflow drain": {
    doc: "Empties a worker: it takes nothing more.",
    notes: [
      "For a pod's preStop, or before a machine is taken away: it tells the worker through the broker, by remote control, and waits until nothing runs there. The worker goes on without queues until it is stopped, which then takes no time.",
    ],
    positionals: {},
    options: {
      celeryHostname: option(
        textSetting(null, "The worker's node name, or what stands behind celery@ in it; unset: this host's."),
        "NAME",
        "H",
      ),
      team: team("The worker's team."),
      timeout: option(
        durationSetting<Duration | null>(null, "Wait no longer than this for running tasks; unset: as long as they take."),
        "DURATION",
        "t",
      ),
    },
    examples: [
      ["celeriac airflow drain", "the worker of this host, or of this pod"],
      ["celeriac airflow drain -H gpu1 -t 1h", "another one, for an hour at most"],
    ],
    exitCodes: {
      0: "It takes nothing more, and runs nothing.",
      1: "The broker could not be asked: see the error's code.",
      2: usageCodes[2],
      4: "Tasks still ran after --timeout.",
      69: "The worker does not answer.",
    },
  },
  "airflow doctor": {
    doc: "Tells what Airflow's tasks would miss here.",
    notes: [
      "It reads Airflow's configuration as the worker does, and asks one by one: broker, result backend, Airflow itself, its database (2) or execution API (3) and its clock, secret keys, the folder of logs, and the name by which the web server will ask for them.",
    ],
    positionals: {},
    options: { team: team("The team whose broker and results a worker will use.") },
    examples: [
      ["celeriac airflow doctor", "in the environment in which the worker will run"],
      ["celeriac --json airflow doctor", "for programs"],
    ],
    exitCodes: { 0: "A worker will run tasks, though there may be something to look at.", 1: "Something is wrong.", 2: usageCodes[2] },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
