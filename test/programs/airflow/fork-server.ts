/** Runs workloads, given as a JSON list, on a fork-server of its own until it is killed: `<workloads> <python>`. Prints their outcomes. */
import { silentLogger, systemClock } from "@celeriac/core/runtime";
import { internal } from "../internal.ts";

type Module = typeof import("../../../packages/airflow-bridge/src/airflow/launchers/fork-server.ts");
type Workload = import("../../../packages/airflow-bridge/src/airflow/workload.ts").Workload;

const { ForkServer } = await internal<Module>("airflow-bridge/dist/airflow/launchers/fork-server.js");
const [workloads = "[]", python = "python3"] = process.argv.slice(2);
const launcher = new ForkServer({ python, environment: process.env, killAfterMs: 200, clock: systemClock, logger: silentLogger });
const { signal } = new AbortController();
const outcomes = (JSON.parse(workloads) as Workload[]).map((workload, at) =>
  launcher.run(workload, { celeryId: String(at), queue: "default", redelivered: false, signal }),
);
console.log(JSON.stringify(await Promise.all(outcomes)));
