/** `celeriac airflow worker`: runs what a stock Airflow's scheduler sends, as Airflow's configuration says, until a signal stops it. */
import type { AirflowConfig, AirflowWorkerConfig, LauncherName } from "@celeriac/airflow-bridge/airflow";
import type { App } from "@celeriac/core";
import { type Logger, latestLogger, readLogLevel, resolveSettings, runtimeOf, silentLogger, systemClock } from "@celeriac/core/runtime";
import { type ResolvedOptions, workerOptionTable } from "@celeriac/worker";
import type { CommandArguments } from "../command-table.ts";
import type { LoadedApp } from "../load-app.ts";
import type { Output } from "../output.ts";
import { runWorker } from "../run-worker.ts";
import { workerWithLogs } from "../worker-with-logs.ts";

type Flags = CommandArguments<"airflow worker">["options"];

/** Resolves with the exit code. Throws what keeps the worker from starting. */
export async function airflowWorker({ options: flags }: CommandArguments<"airflow worker">, output: Output): Promise<number> {
  const { openLogServer, readAirflowConfig, workerConfigOf } = await import("@celeriac/airflow-bridge/airflow");
  const config = readAirflowConfig(process.env);
  const given = workerConfigOf(config);
  return await runWorker(
    {
      async load() {
        const { logFile, pid: pidFile, noBanner } = flags;
        return {
          loaded: await openAirflowApp(config, given, flags.launcher === "auto" ? given.launcher : flags.launcher),
          options: workerOptionsOf(flags, given),
          logLevel: flags.verbose ? "debug" : (readLogLevel(given.logLevel) ?? "info"),
          ...{ logFile, pidFile, noBanner, hint: null },
        };
      },
      beside: (worker, _, logger) =>
        flags.skipServeLogs ? worker : workerWithLogs(worker, () => openLogServer({ ...given.logs, clock: systemClock, logger })),
    },
    output,
  );
}

async function openAirflowApp(
  { file }: AirflowConfig,
  { app: options, killAfterMs }: AirflowWorkerConfig,
  name: LauncherName,
): Promise<LoadedApp> {
  const { createAirflowApp, createSpawnLauncher, ForkServer } = await import("@celeriac/airflow-bridge/airflow");
  const logger = latestLogger((): Logger => runtimeOf(app)?.logger ?? silentLogger);
  const processes = { environment: process.env, logger, clock: systemClock, killAfterMs };
  const launcher = name === "spawn" ? createSpawnLauncher(processes) : new ForkServer(processes);
  const app: App = createAirflowApp(options, [{ launcher }]);
  return { app, runtime: runtimeOf(app)!, source: null, file: file ?? "AIRFLOW__…" };
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
