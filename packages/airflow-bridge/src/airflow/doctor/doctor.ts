/** `celeriac airflow doctor`: asks one by one for all that a worker of Airflow's tasks needs on this machine, in the order in which it needs them. */
import { type Clock, reasonOf } from "@celeriac/core/runtime";
import { type AirflowConfig, type Environment, readAirflowConfig } from "../config.ts";
import { type AirflowWorkerConfig, workerConfigOf } from "../worker-config.ts";
import { askAirflow, askDatabase, askExecutionApi } from "./airflow-checks.ts";
import { bad, type Finding, good } from "./finding.ts";
import { checkHostname, checkLogFolder, checkSecretKeys } from "./log-checks.ts";
import { askServers } from "./server-checks.ts";

export interface DoctorOptions {
  readonly environment: Environment;
  /** of the worker; null: it has none */
  readonly team?: string | null;
  readonly clock: Clock;
}

/** Nothing is changed, but that tables of results are created as a worker does. Never throws: what cannot be asked is a finding. */
export async function* examine({ environment, team = null, clock }: DoctorOptions): AsyncGenerator<Finding> {
  let config: AirflowConfig;
  let worker: AirflowWorkerConfig;
  try {
    config = readAirflowConfig(environment);
    worker = workerConfigOf(config, team);
  } catch (error) {
    yield bad("configuration", reasonOf(error), "Nothing else can be asked before that.");
    return;
  }
  yield good(
    "configuration",
    `${config.file ?? "AIRFLOW__… alone, no airflow.cfg"}; queues ${worker.queues.join(", ")}, ${worker.concurrency} tasks at once`,
  );
  yield* askServers(worker, clock);
  const { finding, airflow } = await askAirflow(environment);
  yield finding;
  if (airflow?.major === 2) yield await askDatabase(airflow);
  // Without Airflow the worker runs tasks in TypeScript alone, which are Airflow 3's.
  else yield await askExecutionApi(config, clock);
  yield checkSecretKeys(config, airflow?.major ?? 3);
  yield await checkLogFolder(worker);
  if (airflow !== null) yield await checkHostname(airflow.hostname, worker);
}
