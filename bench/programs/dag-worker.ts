/** A worker in a process of its own, which says every few milliseconds how many tasks it has run. */
import { createWorker } from "@celeriac/worker";
import { app, ran } from "./dag-app.ts";

const worker = createWorker(app, { pool: "inline", concurrency: 50 }, { logLevel: "warn" });
await worker.start();
process.send!({ runs: 0, at: Date.now() });
let told = 0;
setInterval(() => {
  if (ran.count !== told) process.send!({ runs: ran.count, at: Date.now() });
  told = ran.count;
}, 5);
process.once("disconnect", () => process.exit());
