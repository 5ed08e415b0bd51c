/**
 * A worker process for fault tests: `node … worker-program.ts '<WorkerProgram as JSON>'`. Prints one JSON line `{"ready": true}` when it
 * consumes, and its counters when it has stopped. SIGTERM stops it warmly.
 */
import { createLogger } from "@celeriac/core/runtime";
import type { FailpointName } from "@celeriac/core/testing";
import { createWorker, type WorkerOptions } from "@celeriac/worker";
import { app } from "./app.ts";

export interface WorkerProgram {
  readonly options: WorkerOptions;
  /** dies when it comes to this point for the `times`th time */
  readonly dieAt?: { readonly point: FailpointName; readonly times: number } | undefined;
}

const program = JSON.parse(process.argv[2] ?? "{}") as WorkerProgram;
const logger = await createLogger({ level: "info", sink: { write: (line) => void process.stderr.write(line) } });
const worker = createWorker(app, program.options, { logger });
process.on("SIGTERM", async () => {
  await worker.stop();
  await app.close();
  console.log(JSON.stringify({ stopped: worker.stats().counts }));
  process.exit(0);
});
await worker.start();
console.log(JSON.stringify({ ready: true }));
