/** `celeriac airflow worker -H`: a worker that does not start beside another one of its name, as Airflow's own does not. */
import type { App } from "@celeriac/core";
import { CeleriacError, isUnreachable, type Logger } from "@celeriac/core/runtime";
import type { Worker } from "@celeriac/worker";

/** The worker, which begins by asking whether its name is taken: start() rejects with WORKER_NAME_TAKEN. */
export function workerOfOneName(worker: Worker, app: App, logger: Logger): Worker {
  return {
    ...worker,
    async start() {
      if (await answers(worker.hostname, app, logger))
        throw new CeleriacError("WORKER_NAME_TAKEN", `A worker named ${worker.hostname} answers on this broker already`);
      await worker.start();
    },
  };
}

async function answers(hostname: string, { control }: App, logger: Logger): Promise<boolean> {
  try {
    return hostname in (await control.ping({ destination: hostname }));
  } catch (error) {
    // The worker itself waits for its broker, or says what is wrong with it.
    if (!isUnreachable(error)) throw error;
    logger.warn("the broker could not be asked whether another worker has this name", { hostname, reason: error.message });
    return false;
  }
}
