/** What a worker answers over HTTP: whether it lives, has started, is ready, and its metrics. */
import { createServer } from "node:net";
import { type App, createApp } from "@celeriac/core";
import { createWorker, type Worker, type WorkerOptions } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { metricTable } from "../../../packages/worker/src/probes/metric-table.ts";
import { pages } from "../../../tools/docs/pages.ts";

/** Not a measure of speed: a loaded machine is slow. */
const patience = { timeout: 20_000 };

let lastName = 0;

/** `define`: its tasks; `served()`: the URL the log named. */
function world(define: (app: App) => void = () => {}, config: object = {}) {
  const app = createApp("probed", { broker: `memory://probed-${++lastName}`, config });
  define(app);
  onTestFinished(() => app.close());
  const urls: string[] = [];
  const line = (message: string, fields?: object) => {
    if (message === "probes are served") urls.push((fields as { url: string }).url);
  };
  const logger = { debug: line, info: line, warn: line, error: line };
  const worker = (options: WorkerOptions = {}): Worker => {
    const made = createWorker(app, { pool: "inline", concurrency: 4, http: 0, ...options }, { logger });
    onTestFinished(() => made.stop({ deadline: 0 }));
    return made;
  };
  return { app, worker, served: () => urls.at(-1)! };
}

async function get(url: string, path: string, method = "GET") {
  const response = await fetch(`${url}${path}`, { method });
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type"), text };
}

/** name{labels} → value */
async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const { text } = await get(url, "/metrics");
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));
}

it("serves nothing unless it is asked to", async () => {
  const { worker, served } = world();
  await worker({ http: null }).start();
  expect(served()).toBeUndefined();
});

it("serves where the app says, unless its option says otherwise", async () => {
  const { worker, served } = world(() => {}, { worker_http: "127.0.0.1:0" });
  await worker({ http: null }).start();
  expect(served()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  await worker({ http: ":0" }).start();
  expect(served()).toMatch(/^http:\/\/(\[::\]|0\.0\.0\.0):\d+$/);
});

it("is live and ready while it consumes, live and not ready while it stops, and gone afterwards", async () => {
  let finish = () => {};
  const { app, worker, served } = world((made) => {
    made.task(
      "wait",
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
  });
  const started = worker({ hostname: "w1@here" });
  await started.start();
  const url = served();
  expect(await get(url, "/livez")).toMatchObject({ status: 200, text: '{"live":true,"worker":"w1@here"}\n' });
  expect(await get(url, "/startz")).toMatchObject({ status: 200 });
  expect(await get(url, "/readyz")).toMatchObject({ status: 200, text: '{"worker":"w1@here","ready":true}\n' });
  await app.sendTask("wait", []);
  await expect.poll(async () => (await scrape(url)).get("celeriac_running"), patience).toBe(1);
  const stopping = started.stop({ deadline: "20s" });
  expect(await get(url, "/readyz")).toMatchObject({ status: 503, text: '{"worker":"w1@here","ready":false,"reason":"stopping"}\n' });
  expect(await get(url, "/livez")).toMatchObject({ status: 200 });
  expect(await get(url, "/startz")).toMatchObject({ status: 200 });
  finish();
  await stopping;
  await expect(get(url, "/livez")).rejects.toThrow();
});

it("answers nothing else, and nothing but GET and HEAD", async () => {
  const { worker, served } = world();
  await worker().start();
  expect(await get(served(), "/")).toMatchObject({ status: 404, text: expect.stringContaining("/readyz") });
  expect(await get(served(), "/readyz", "POST")).toMatchObject({ status: 405 });
  expect(await get(served(), "/readyz", "HEAD")).toMatchObject({ status: 200, text: "", type: "application/json" });
  expect(await get(served(), "/readyz?verbose=1")).toMatchObject({ status: 200 });
});

it.each(["nowhere", "127.0.0.1", "1:2:3", "70000", "-1", true])("refuses %s for an address", (http) => {
  const { app } = world();
  expect(() => createWorker(app, { http: http as never })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("port, or HOST:PORT") }),
  );
});

it("says which address it cannot have, and does not start", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  const { worker } = world();
  await expect(worker({ http: port }).start()).rejects.toMatchObject({
    code: "WORKER_HTTP",
    message: `The worker's probes cannot be served on ${port}: another process, or worker, listens there`,
  });
  await expect(worker({ http: "192.0.2.1:0" }).start()).rejects.toMatchObject({ code: "WORKER_HTTP" });
});

it("leaves the port when the worker cannot start", async () => {
  const app = createApp("unstartable", { broker: "memory://unstartable", include: [() => Promise.reject(new Error("no such file"))] });
  onTestFinished(() => app.close());
  const urls: string[] = [];
  const line = (_: string, fields: { url?: string } = {}) => void (fields.url !== undefined && urls.push(fields.url));
  const logger = { debug: line, info: line, warn: line, error: line } as never;
  await expect(createWorker(app, { pool: "inline", http: 0 }, { logger }).start()).rejects.toMatchObject({ code: "WORKER_STARTUP" });
  await expect(fetch(`${urls[0]}/livez`)).rejects.toThrow();
});

it("is live and says why it is not ready while its broker is away", async () => {
  const app = createApp("away", { broker: "redis://:secret@127.0.0.1:1", backend: "disabled" });
  onTestFinished(() => app.close());
  const urls: string[] = [];
  const line = (_: string, fields: { url?: string } = {}) => void (fields.url !== undefined && urls.push(fields.url));
  const logger = { debug: line, info: line, warn: line, error: line } as never;
  const worker = createWorker(app, { pool: "inline", http: 0 }, { logger });
  const starting = worker.start();
  await expect.poll(() => urls.length, patience).toBe(1);
  await expect
    .poll(async () => JSON.parse((await get(urls[0]!, "/readyz")).text), patience)
    .toMatchObject({
      ready: false,
      reason: "starting",
      detail: expect.stringContaining("127.0.0.1:1"),
    });
  expect(await get(urls[0]!, "/readyz")).toMatchObject({ status: 503, text: expect.not.stringContaining("secret") });
  expect(await get(urls[0]!, "/startz")).toMatchObject({ status: 503 });
  expect(await get(urls[0]!, "/livez")).toMatchObject({ status: 200 });
  expect((await scrape(urls[0]!)).get("celeriac_broker_connected")).toBe(0);
  await worker.stop();
  await expect(starting).rejects.toMatchObject({ code: "SERVICE_STOPPED" });
});

it("counts what became of tasks, by name and state, and times them", async () => {
  const { app, worker, served } = world((made) => {
    made.task("add", (x: number, y: number) => x + y);
    made.task("fail", () => {
      throw new Error("no");
    });
  });
  await worker({ hostname: "w1@here", queues: ["celery", "idle"] }).start();
  await app.sendTask("add", [1, 2]).get();
  await app.sendTask("add", [3, 4]).get();
  const ended = (name: string) =>
    app
      .sendTask(name, [])
      .get()
      .catch(() => {});
  await ended("fail");
  for (let count = 0; count < 20; count++) await ended(`made-up-${count}`);
  const samples = await scrape(served());
  const figures = Object.fromEntries(samples);
  expect(figures).toMatchObject({
    'celeriac_tasks_total{task="add",state="received"}': 2,
    'celeriac_tasks_total{task="add",state="succeeded"}': 2,
    'celeriac_tasks_total{task="fail",state="failed"}': 1,
    'celeriac_tasks_total{task="(unknown)",state="dead-lettered"}': 20,
    'celeriac_task_wait_seconds_count{task="add"}': 2,
    'celeriac_task_run_seconds_count{task="add"}': 2,
    'celeriac_task_run_seconds_count{task="fail"}': 1,
    celeriac_capacity: 4,
    celeriac_running: 0,
    celeriac_saturation_ratio: 0,
    celeriac_executors: 1,
    celeriac_ready: 1,
    celeriac_broker_connected: 1,
    'celeriac_queue_messages{queue="celery"}': 0,
    'celeriac_queue_oldest_seconds{queue="idle"}': 0,
    'celeriac_queue_dead_letters{queue="celery"}': 20,
    celeriac_queue_errors_total: 0,
  });
  expect([...samples.keys()].filter((name) => name.includes("made-up"))).toEqual([]);
  expect(samples.get("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThanOrEqual(0);
  expect(samples.get("process_cpu_seconds_total")).toBeGreaterThan(0);
});

it("tells of each metric what its table says, and of no other", async () => {
  const { app, worker, served } = world((made) => void made.task("add", (x: number, y: number) => x + y));
  await worker().start();
  await app.sendTask("add", [1, 2]).get();
  const { text, type } = await get(served(), "/metrics");
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
  const told = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].filter(([, name]) => !/^(process|nodejs)_/.test(name!));
  expect(Object.fromEntries(told.map(([, name, help, kind]) => [name, { help, kind }]))).toEqual(
    Object.fromEntries(Object.entries(metricTable).map(([name, { doc, kind }]) => [name, { help: doc, kind }])),
  );
  for (const [name, { labels }] of Object.entries(metricTable)) {
    for (const [, given] of text.matchAll(new RegExp(`^${name}(?:_count)?\\{([^}]*)\\}`, "gm")))
      expect([...given!.matchAll(/(\w+)=/g)].map(([, label]) => label)).toEqual(labels);
  }
  const page = pages.find(({ file }) => file === "metrics.md")!.render();
  for (const name of Object.keys(metricTable)) expect(page).toContain(name);
});
