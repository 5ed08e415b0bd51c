/**
 * A worker of Airflow's tasks for fault tests, configured as Airflow is: `node … airflow-worker.js '{"hostname": …, "timing": {…}}'`. Logs on stderr. SIGTERM stops it warmly.
 */
import { createAirflowApp, createSpawnLauncher, readAirflowConfig, workerConfigOf } from "@celeriac/airflow-bridge/airflow";
import { createLogger, systemClock } from "@celeriac/core/runtime";
import { type RedisTiming, shortenRedisTiming } from "@celeriac/core/testing";
import { createWorker } from "@celeriac/worker";

export interface AirflowWorkerProgram {
  readonly hostname: string;
  readonly timing: Partial<RedisTiming>;
}

const { hostname, timing } = JSON.parse(process.argv[2] ?? "{}") as AirflowWorkerProgram;
shortenRedisTiming(timing);
const { app: options, queues, concurrency, killAfterMs } = workerConfigOf(readAirflowConfig(process.env));
const logger = await createLogger({ level: "info", sink: { write: (line) => void process.stderr.write(line) } });
const launcher = createSpawnLauncher({ environment: process.env, logger, clock: systemClock, killAfterMs });
const app = createAirflowApp(options, [{ launcher }]);
const worker = createWorker(app, { pool: "inline", queues, concurrency, hostname, grace: null, withoutMingle: true }, { logger });
process.on("SIGTERM", async () => {
  await worker.stop();
  await app.close();
  process.exit(0);
});
await worker.start();
