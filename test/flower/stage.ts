/** A Redis, a worker of ours on it, and the original Flower, which watches it. */
import { fileURLToPath } from "node:url";
import { startCeleriac } from "../support/celeriac-command.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type Answer, type Asking, asking } from "../support/monitor/asking.ts";
import { startPrivateProcess } from "../support/private-process.ts";
import { startRedis } from "../support/redis-server.ts";
import type { FlowerEnvironment } from "./environment.ts";

export interface Stage {
  /** Flower's API */
  readonly flower: Asking;
  readonly worker: string;
  /** Sends a task through Flower; gives its id. */
  send(task: string, body?: object): Promise<string>;
  /** Resolves with what Flower knows of a task as soon as it is in that state. */
  inState(id: string, state: string): Promise<Readonly<Record<string, unknown>>>;
  /** The same of the worker, asked anew, when `check` holds. */
  inspected(check: (worker: Inspected) => boolean): Promise<Inspected>;
  /** what the worker wrote */
  log(): string;
  close(): Promise<void>;
}

/** As Flower tells of a worker. */
export interface Inspected {
  readonly stats: { readonly pool: Readonly<Record<string, unknown>>; readonly total: Readonly<Record<string, number>> };
  readonly active_queues: readonly { readonly name: string }[];
  readonly registered: readonly string[];
  readonly active: readonly { readonly name: string }[];
  readonly revoked: readonly string[];
  readonly conf: Readonly<Record<string, unknown>>;
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const startLimitMs = 60_000;

export async function openStage(environment: FlowerEnvironment): Promise<Stage> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const redis = await startRedis();
    closing.push(() => redis.stop());
    const name = "w1@box";
    const place = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url };
    const app = path("../programs/dist/monitor/app.js");
    const words = ["-A", app, "worker", "-P", "threads", "-c", "2", "-E", "-n", name, "-Q", "celery", "--loglevel", "debug"];
    const worker = startCeleriac(path("."), words, place);
    closing.push(() => worker.stop());
    await worker.wrote(/worker-online/, startLimitMs);
    const port = await freePort();
    const flower = startPrivateProcess({
      command: environment.program("celery"),
      args: ["-A", "app", "-b", redis.url, "--result-backend", redis.url, "flower", `--port=${port}`, "--address=127.0.0.1"],
      cwd: path("."),
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        LANG: "C.UTF-8",
        PYTHONDONTWRITEBYTECODE: "1",
        FLOWER_UNAUTHENTICATED_API: "true",
      },
    });
    closing.push(() => flower.stop());
    await flower.wrote(/Registered tasks/, startLimitMs);
    const ask = asking(`http://127.0.0.1:${port}`);
    // It hears a worker when it has told it to tell events, or with its next heartbeat.
    await eventually(async () => (await ask.get("/api/workers?status=1")).json()[name] === true, { withinMs: startLimitMs, everyMs: 200 });
    return { ...talking(ask, name), log: worker.output, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function talking(flower: Asking, worker: string): Omit<Stage, "close" | "log"> {
  return {
    flower,
    worker,
    async send(task, body = {}) {
      return String(done(await flower.post(`/api/task/send-task/${task}`, JSON.stringify(body)))["task-id"]);
    },
    inState: (id, state) =>
      eventually(
        async () => {
          const task = done(await flower.get(`/api/task/info/${id}`));
          if (task["state"] !== state) throw new Error(`${id} is ${String(task["state"])}, not ${state}`);
          return task;
        },
        { everyMs: 100 },
      ),
    inspected: (check) =>
      eventually(
        async () => {
          const found = done(await flower.get(`/api/workers?refresh=1&workername=${worker}`)) as Readonly<Record<string, Inspected>>;
          if (!check(found[worker]!)) throw new Error(`${worker} is not as expected: ${JSON.stringify(found[worker]).slice(0, 2_000)}`);
          return found[worker]!;
        },
        { everyMs: 200 },
      ),
  };
}

/** What a successful answer says. */
export function done(answer: Answer): Readonly<Record<string, unknown>> {
  if (answer.status !== 200) throw new Error(`Flower answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  return answer.json();
}
