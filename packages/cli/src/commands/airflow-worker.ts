/** `celeriac airflow worker`: runs what a stock Airflow's scheduler sends, as Airflow's configuration says, until a signal stops it. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AirflowConfig, AirflowWorkerConfig, LauncherName, Route } from "@celeriac/airflow-bridge/airflow";
import type { App } from "@celeriac/core";
import {
  CeleriacError,
  type Logger,
  latestLogger,
  readLogLevel,
  resolveSettings,
  runtimeOf,
  silentLogger,
  systemClock,
} from "@celeriac/core/runtime";
import { type ResolvedOptions, workerOptionTable } from "@celeriac/worker";
import type { CommandArguments } from "../command-table.ts";
import type { LoadedApp } from "../load-app.ts";
import type { Output } from "../output.ts";
import { runWorker } from "../run-worker.ts";
import { workerEndingTasks } from "../worker-ending-tasks.ts";
import { workerOfOneName } from "../worker-of-one-name.ts";
import { workerWithLogs } from "../worker-with-logs.ts";

type Flags = CommandArguments<"airflow worker">["options"];

/** Resolves with the exit code. Throws what keeps the worker from starting. */
export async function airflowWorker({ options: flags }: CommandArguments<"airflow worker">, output: Output): Promise<number> {
  const { openLogServer, readAirflowConfig, workerConfigOf } = await import("@celeriac/airflow-bridge/airflow");
  const config = readAirflowConfig(process.env);
  const given = workerConfigOf(config, flags.team);
  const ending = new AbortController();
  return await runWorker(
    {
      async load() {
        const { logFile, pid: pidFile, noBanner } = flags;
        return {
          loaded: await openAirflowApp(config, given, flags, ending.signal),
          options: workerOptionsOf(flags, given),
          logLevel: flags.verbose ? "debug" : (readLogLevel(given.logLevel) ?? "info"),
          ...{ logFile, pidFile, noBanner, hint: null, coldEnd: "ended" },
        };
      },
      beside(worker, { app }, logger) {
        for (const unfollowed of given.unfollowed) logger.warn("a setting of Airflow does nothing here", unfollowed);
        const { killAfterMs, logs } = given;
        const endTasks = () => ending.abort();
        const ends = workerEndingTasks(worker, { endTasks, killAfterMs, grace: flags.grace, clock: systemClock });
        const serves = flags.skipServeLogs ? ends : workerWithLogs(ends, () => openLogServer({ ...logs, clock: systemClock, logger }));
        return flags.celeryHostname === null ? serves : workerOfOneName(serves, app, logger);
      },
    },
    output,
  );
}

async function openAirflowApp(config: AirflowConfig, given: AirflowWorkerConfig, flags: Flags, ending: AbortSignal): Promise<LoadedApp> {
  const { createAirflowApp } = await import("@celeriac/airflow-bridge/airflow");
  const logger = latestLogger((): Logger => runtimeOf(app)?.logger ?? silentLogger);
  const typeScript = await typeScriptRoutes(config, given, flags, logger);
  const app: App = createAirflowApp(given.app, [...typeScript, ...(await pythonRoutes(given, flags, logger))], ending);
  // A module that cannot be loaded is told better here than of an executor that cannot start.
  for (const { launcher } of typeScript) await launcher.start();
  return { app, runtime: runtimeOf(app)!, source: null, file: config.file ?? "AIRFLOW__…" };
}

/** Tasks that a module of --tasks registers; without Python all the others too, which fail with a word in their logs. */
async function typeScriptRoutes(
  config: AirflowConfig,
  { logs }: AirflowWorkerConfig,
  flags: Flags,
  logger: Logger,
): Promise<readonly Route[]> {
  if (flags.tasks.length === 0) {
    if (flags.launcher !== "none") return [];
    throw new CeleriacError("COMMAND_USAGE", "--launcher none runs tasks in TypeScript only: name their modules with --tasks");
  }
  const { createTypeScriptLauncher, typeScriptConfigOf } = await import("@celeriac/airflow-bridge/airflow");
  const modules = flags.tasks.map((file) => pathToFileURL(resolve(file)).href);
  const options = typeScriptConfigOf(config, process.env, logs.folder);
  const launcher = createTypeScriptLauncher({ ...options, modules, clock: systemClock, logger });
  const isAlone = (await launcherOf(flags, "spawn")) === null;
  return [isAlone ? { launcher } : { launcher, takes: (workload) => launcher.runs(workload) }];
}

async function pythonRoutes(
  { launcher: usual, killAfterMs }: AirflowWorkerConfig,
  flags: Flags,
  logger: Logger,
): Promise<readonly Route[]> {
  const name = await launcherOf(flags, usual);
  if (name === null) return [];
  const { createSpawnLauncher, ForkServer } = await import("@celeriac/airflow-bridge/airflow");
  const processes = { environment: process.env, logger, clock: systemClock, killAfterMs };
  return [{ launcher: name === "spawn" ? createSpawnLauncher(processes) : new ForkServer(processes) }];
}

/** null: nothing here runs Python. */
async function launcherOf({ launcher, tasks }: Flags, usual: LauncherName): Promise<LauncherName | null> {
  if (launcher === "none") return null;
  if (launcher !== "auto") return launcher;
  const { hasInterpreter } = await import("@celeriac/airflow-bridge/airflow");
  return tasks.length > 0 && !hasInterpreter(process.env) ? null : usual;
}

/** What a flag says wins over the configuration. */
function workerOptionsOf(flags: Flags, given: AirflowWorkerConfig): ResolvedOptions {
  const { celeryHostname, concurrency, withoutMingle, http, grace } = flags;
  return resolveSettings(workerOptionTable, {
    pool: "inline",
    queues: flags.queues.length === 0 ? given.queues : flags.queues,
    concurrency: concurrency ?? given.concurrency,
    // As in Airflow a range wins over a number, wherever it was said.
    autoscale: flags.autoscale ?? given.autoscale,
    // As Celery reads it: alone it is the host.
    ...(celeryHostname === null ? {} : { hostname: celeryHostname.includes("@") ? celeryHostname : `celery@${celeryHostname}` }),
    ...{ withoutMingle, http, grace },
  });
}
