/** `celeriac airflow worker`: the log server in the worker's process, there before the first task begins and until the last one has ended. */
import type { LogServer } from "@celeriac/airflow-bridge/airflow";
import type { Worker } from "@celeriac/worker";

/** The worker, with the server that `open` opens as a part of it. */
export function workerWithLogs(worker: Worker, open: () => Promise<LogServer>): Worker {
  let server: LogServer | null = null;
  return {
    ...worker,
    async start() {
      server = await open();
      await worker.start();
    },
    async stop(options) {
      await worker.stop(options);
      await server?.close();
    },
  };
}
