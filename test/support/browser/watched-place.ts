/** Monitors on one Redis with one worker of ours, and tasks of every kind, for the tests of the pages. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../../../packages/core/src/app.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { createMonitor, type Monitor } from "../../../packages/flower/src/server/monitor.ts";
import type { MonitorOptions } from "../../../packages/flower/src/server/options.ts";
import { eventually } from "../eventually.ts";
import { type Asking, asking } from "../monitor/asking.ts";
import { startWatchedWorker, type WatchedWorker } from "../monitor/watched-worker.ts";
import { redisUrl } from "../servers.ts";

export const w1 = "w1@box";

export interface WatchedPlace extends AsyncDisposable {
  /** the monitor that anybody may use */
  readonly open: Asking;
  /** of the Redis */
  readonly url: string;
  /** Another one on the same broker, or on the way there that `broker` names. */
  monitor(options: MonitorOptions, broker?: string): Promise<Asking>;
  /** Sends a task and gives its id. */
  send(task: string, body?: object): Promise<string>;
  inState(uuid: string, ...states: readonly string[]): Promise<void>;
}

export async function openWatchedPlace(): Promise<WatchedPlace> {
  const url = await redisUrl();
  const folder = await mkdtemp(join(tmpdir(), "celeriac-pages-"));
  const apps: App[] = [];
  const monitors: Monitor[] = [];
  const appOn = (broker: string): App => {
    const app = createApp("watching", { broker, backend: url, config: { taskSendSentEvent: true } });
    apps.push(app);
    return app;
  };
  const app = appOn(url);
  const monitor = async (options: MonitorOptions, broker = url): Promise<Asking> => {
    const db = join(folder, `${monitors.length}.sqlite`);
    const started = createMonitor(
      broker === url ? app : appOn(broker),
      { port: 0, address: "127.0.0.1", db, inspectTimeout: 2_000, ...options },
      { logger: silentLogger },
    );
    monitors.push(started);
    await started.start();
    return asking(started.url!);
  };
  const open = await monitor({ unauthenticatedApi: true });
  const worker: WatchedWorker = await startWatchedWorker(url, w1);
  await eventually(async () => w1 in (await open.get("/api/workers?refresh=1")).json());
  return {
    open,
    url,
    monitor,
    async send(task, body = {}) {
      return String((await open.post(`/api/task/send-task/${task}`, JSON.stringify(body))).json()["task-id"]);
    },
    async inState(uuid, ...states) {
      await eventually(async () => {
        const answer = await open.get(`/api/task/info/${encodeURIComponent(uuid)}`);
        return answer.status === 200 && states.includes(String(answer.json()["state"]));
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(monitors.map((each) => each.stop()));
      await worker.stop();
      for (const each of apps) await each.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
