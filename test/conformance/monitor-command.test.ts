/** `celeriac flower` as a process, on Redis and a worker of ours: what it keeps, what it refuses, where it serves. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp } from "../../packages/core/src/app.ts";
import { startCeleriac } from "../support/celeriac-command.ts";
import { coreWaitMsOf } from "../support/core-wait.ts";
import { eventually } from "../support/eventually.ts";
import { type Asking, asking } from "../support/monitor/asking.ts";
import { startWatchedWorker, type WatchedWorker } from "../support/monitor/watched-worker.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { redisUrl } from "../support/servers.ts";

const w1 = "w1@box";
let folder: string;
let url: string;
let worker: WatchedWorker;
let app: App;
const running = new Set<PrivateProcess>();

beforeAll(async () => {
  url = await redisUrl();
  folder = await mkdtemp(join(tmpdir(), "celeriac-flower-command-"));
  worker = await startWatchedWorker(url, w1);
  app = createApp("sending", { broker: url, backend: url });
});
afterAll(async () => {
  for (const each of running) await each.stop();
  await worker?.stop();
  await app?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly command: PrivateProcess;
  readonly ask: Asking;
  /** How long it took until it was ready, without what it waited for a core that others had: that is not its own doing. */
  readonly readyMs: number;
}

async function start(words: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Started> {
  const env = {
    FLOWER_UNAUTHENTICATED_API: "true",
    FLOWER_DB: join(folder, "flower.sqlite"),
    FLOWER_INSPECT_TIMEOUT: "300",
    ...environment,
  };
  const beganAt = performance.now();
  const command = startCeleriac(folder, ["-b", url, "flower", "--port=0", "--address=127.0.0.1", ...words], env);
  running.add(command);
  await command.wrote(/monitor-ready/, 30_000);
  const readyMs = performance.now() - beganAt - coreWaitMsOf(command.pid);
  const [, base] = /"url":"([^"]+)"/.exec(command.output()) ?? [];
  return { command, ask: asking(base!.replace(/\/$/, "")), readyMs };
}

let before: Readonly<Record<string, unknown>>;
let ids: readonly string[];

const workerOf = async (ask: Asking) => {
  const { data } = (await ask.get("/workers?json=1")).json<{ data: readonly Readonly<Record<string, unknown>>[] }>();
  return data.find(({ hostname }) => hostname === w1)!;
};
const succeeded = async (ask: Asking) => Number((await ask.get("/api/tasks?limit=0&state=SUCCESS")).headers.get("x-total-count"));

it("watches what it is pointed at by -b alone", async () => {
  const { command, ask } = await start();
  await eventually(async () => (await ask.get("/api/workers?status=1")).json()[w1] === true);
  const sent = await Promise.all(Array.from({ length: 50 }, (_, n) => app.sendTask("tasks.add", [n, 1])));
  ids = sent.map(({ id }) => id);
  await eventually(async () => (await succeeded(ask)) === 50);
  before = await workerOf(ask);
  expect(before["task-succeeded"]).toBe(50);
  process.kill(command.pid, "SIGKILL");
  await command.ended;
});

it("knows after a kill -9 all that it knew before", async () => {
  const { command, ask, readyMs } = await start(["--url_prefix", "/flower/", "--read-only", "--log_to_stderr"], {
    FLOWER_LOG_FILE_PREFIX: join(folder, "flower.log"),
    FLOWER_LOG_ROTATE_MODE: "time",
  });
  expect(readyMs).toBeLessThan(5_000);
  const listed = (await ask.get("/api/tasks?limit=100")).json<Record<string, { state: string }>>();
  expect(Object.keys(listed).sort()).toEqual([...ids].sort());
  expect(Object.values(listed).every(({ state }) => state === "SUCCESS")).toBe(true);
  expect(Number((await workerOf(ask))["task-succeeded"])).toBe(50);
  reader = { command, ask };
});

it("logs where Flower's options say, and says what it does not keep of them", async () => {
  const lines = (await readFile(join(folder, "flower.log"), "utf8")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
    "log_rotate_mode=time is not kept: the log's file is renamed when it has grown to log_file_max_size",
    "monitor-ready",
  ]);
});

let reader: { readonly command: PrivateProcess; readonly ask: Asking };

it("serves below its prefix alone", async () => {
  const root = asking(reader.ask.base.replace(/\/flower$/, ""));
  expect((await root.get("/")).status).toBe(404);
  expect((await root.get("/api/tasks")).status).toBe(404);
  for (const path of ["/flower/", "/flower/tasks", "/flower/api/tasks", `/flower/task/${ids[0]}`])
    expect((await root.get(path)).status, path).toBe(200);
  expect((await root.get("/flower/healthcheck")).text).toBe("OK");
});

it("changes nothing where it may only read", async () => {
  const texts = ["worker/shutdown", "worker/pool/restart", "worker/pool/grow", "worker/pool/shrink", "worker/pool/autoscale"].map(
    (path) => `${path}/${w1}`,
  );
  const queues = ["add-consumer", "cancel-consumer"].map((what) => `worker/queue/${what}/${w1}?queue=extra`);
  const limits = ["revoke", "timeout", "rate-limit"].map((what) => `task/${what}/tasks.add?workername=${w1}&ratelimit=1/s`);
  for (const path of [...texts, ...queues, ...limits])
    expect(await reader.ask.post(`/api/${path}`)).toMatchObject({ status: 403, text: "Read only mode is enabled" });
  for (const what of ["apply", "async-apply", "send-task", "abort"])
    expect(await reader.ask.post(`/api/task/${what}/tasks.add`, "{}")).toMatchObject({ status: 403, text: "" });
  const reads = [
    "/api/workers",
    "/api/tasks",
    "/api/task/types",
    `/api/task/info/${ids[0]}`,
    `/api/task/result/${ids[0]}`,
    "/api/queues/length",
  ];
  for (const path of [...reads, "/workers?json=1", "/metrics", "/healthcheck"])
    expect(await reader.ask.get(path)).toMatchObject({ status: 200 });
  expect((await app.control.ping({ destination: w1, limit: 1 }))[w1]).toBe("pong");
});

it("serves until Ctrl-C, and ends with 0", async () => {
  process.kill(reader.command.pid, "SIGINT");
  expect(await reader.command.ended).toBe(0);
});

it("says why it cannot start", async () => {
  const refused = startCeleriac(folder, ["-b", url, "flower", "--port=many"]);
  expect(await refused.ended).toBe(2);
  expect(refused.output()).toContain("--port: expected whole number 0 to 65535");
});
