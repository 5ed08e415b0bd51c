/** The door for those who embed a worker in their own program. */
export { createWorker, type Worker, type WorkerOptions, type WorkerStats, type WorkerSurroundings } from "@celeriac/worker";
