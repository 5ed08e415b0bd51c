/** Starts our worker on the interop app, in a process of its own; `queue` may be several, with commas between. */
import { spawn } from "node:child_process";
import { programPath } from "../built.ts";
import type { BoundQueue } from "../python-celery.ts";

export interface InteropWorker {
  log(): string;
  stop(): Promise<void>;
}

export async function startInteropWorker(place: {
  readonly broker: string;
  readonly backend: string;
  readonly queue: string;
  readonly taskQueues?: readonly (string | BoundQueue)[];
  readonly keyPrefix?: string;
  readonly taskEvents?: boolean;
  readonly hostname?: string;
}): Promise<InteropWorker> {
  const env = {
    ...process.env,
    CELERY_BROKER_URL: place.broker,
    CELERY_RESULT_BACKEND: place.backend,
    ...(place.keyPrefix === undefined ? {} : { KEY_PREFIX: place.keyPrefix }),
    ...(place.taskEvents === true ? { TASK_EVENTS: "yes" } : {}),
    ...(place.hostname === undefined ? {} : { NODE_NAME: place.hostname }),
    ...(place.taskQueues === undefined ? {} : { TASK_QUEUES: JSON.stringify(place.taskQueues) }),
  };
  const child = spawn(process.execPath, [programPath("interop/worker"), place.queue], { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => text.includes("ready") && resolve());
    void ended.then(() => reject(new Error(`the worker ended before it was ready:\n${log}`)));
  });
  return {
    log: () => log,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
