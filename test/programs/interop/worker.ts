/** A worker process of the interop app: `node … worker-program.ts <queue,…>`. Prints "ready"; SIGTERM stops it. */
import { createLogger } from "@celeriac/core/runtime";
import { createWorker } from "@celeriac/worker";
import { app } from "./app.ts";

const logger = await createLogger({ level: "info", sink: { write: (line) => void process.stderr.write(line) } });
const hostname = process.env["NODE_NAME"] ?? "celery@%h";
const queues = (process.argv[2] ?? "celery").split(",");
const worker = createWorker(app, { pool: "threads", concurrency: 1, queues, hostname }, { logger });
process.on("SIGTERM", async () => {
  await worker.stop();
  await app.close();
  process.exit(0);
});
await worker.start();
console.log("ready");
