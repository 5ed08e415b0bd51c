/** A worker of ours and a Python worker on one broker, and who tells both what to do. */
import { hostname } from "node:os";
import { type App, createApp } from "@celeriac/core";
import { afterAll, beforeAll } from "vitest";
import { type PythonWorker, startPythonWorker } from "../python-celery.ts";
import { amqpUrl, redisUrl } from "../servers.ts";
import { type InteropWorker, startInteropWorker } from "./worker.ts";

/** For `describe.each`. */
export const bothBrokers = [
  { name: "redis", open: redisUrl },
  { name: "rabbitmq", open: amqpUrl },
];

export const ourNode = `celery@${hostname()}`;
export const pythonQueue = "to-python";

export interface BothKinds {
  readonly app: App;
  /** where our worker is, and what it consumes */
  readonly place: { readonly broker: string; readonly backend: string; readonly queue: string };
  /** it consumes `pythonQueue`, one task at a time */
  readonly python: PythonWorker;
}

/** To be called at the head of a `describe`: both run while its tests do. */
export function useBothKinds(open: () => Promise<string>): BothKinds {
  let both: BothKinds;
  let ours: InteropWorker;
  beforeAll(async () => {
    const backend = await redisUrl();
    const place = { broker: await open(), backend, queue: "to-ours" };
    const app = createApp("operator", { broker: place.broker, backend });
    const [worker, python] = await Promise.all([
      startInteropWorker(place),
      startPythonWorker({ ...place, queue: pythonQueue, pool: "prefork", concurrency: 1, options: ["--without-gossip"] }),
    ]);
    ours = worker;
    both = { app, place, python };
  });
  afterAll(async () => {
    await Promise.all([ours?.stop(), both?.python.stop("SIGQUIT")]);
    await both?.app.close();
  });
  return {
    get app() {
      return both.app;
    },
    get place() {
      return both.place;
    },
    get python() {
      return both.python;
    },
  };
}
