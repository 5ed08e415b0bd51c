/** `celeriac worker -B`: a beat in the worker's process, that starts after it and stops with it. */
import type { Beat } from "@celeriac/beat";
import type { Worker } from "@celeriac/worker";

/** The worker, with the beat as a part of it. */
export function workerWithBeat(worker: Worker, beat: Beat): Worker {
  return {
    ...worker,
    async start() {
      await worker.start();
      await beat.start();
    },
    async stop(options) {
      await Promise.all([beat.stop(), worker.stop(options)]);
    },
  };
}
