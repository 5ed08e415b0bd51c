/** A worker of ours on the app of `test/programs/monitor`, in this process, with its tasks in threads. One for each test file: the app reads where its broker is when it is loaded. */

import { createWorker, type Worker } from "../../../packages/worker/src/worker.ts";
import { programUrl } from "../built.ts";

export interface WatchedWorker {
  readonly worker: Worker;
  stop(): Promise<void>;
}

export async function startWatchedWorker(url: string, hostname: string): Promise<WatchedWorker> {
  process.env["CELERY_BROKER_URL"] = url;
  process.env["CELERY_RESULT_BACKEND"] = url;
  const { app } = await import("../../programs/monitor/app.ts");
  const source = { moduleUrl: programUrl("monitor/app").href, appName: "app" };
  const worker = createWorker(app, { pool: "threads", concurrency: 2, hostname, taskEvents: true }, { source });
  await worker.start();
  return {
    worker,
    async stop() {
      await worker.stop();
      await app.close();
    },
  };
}
