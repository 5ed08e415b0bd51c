/** A scheduler's process with a local executor, to be killed: `<ChildStart as JSON> <a queued instance as JSON>`. Prints a line when it has handed the instance over. */
import { silentLogger, systemClock } from "@celeriac/core/runtime";
import { internal } from "../internal.ts";

const { createLocalExecutor } = await internal<typeof import("../../../packages/airflow-bridge/src/dag/executors/local.ts")>(
  "airflow-bridge/dist/dag/executors/local.js",
);
const [start, instance] = process.argv.slice(2).map((json) => JSON.parse(json));
const executor = createLocalExecutor({ start, parallelism: 1, killAfterMs: 300, clock: systemClock, logger: silentLogger });
await executor.queue([instance]);
console.log("queued");
