/** Who may do what with a monitor, on Redis and a worker of ours: one of which nothing was said, one with a login, one that is open. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp } from "../../packages/core/src/app.ts";
import { silentLogger } from "../../packages/core/src/logger.ts";
import { createMonitor, type Monitor } from "../../packages/flower/src/server/monitor.ts";
import type { MonitorOptions } from "../../packages/flower/src/server/options.ts";
import { eventually } from "../support/eventually.ts";
import { type Asking, asking } from "../support/monitor/asking.ts";
import { startWatchedWorker, type WatchedWorker } from "../support/monitor/watched-worker.ts";
import { redisUrl } from "../support/servers.ts";

const w1 = "w1@box";
const stream = "/api/v2/stream?topics=overview,workers,tasks";
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });

let worker: WatchedWorker;
let app: App;
const monitors: Monitor[] = [];
let byDefault: Asking;
let withLogin: Asking;
let open: Asking;

async function start(options: MonitorOptions): Promise<Asking> {
  const monitor = createMonitor(app, { port: 0, persistent: false, inspectTimeout: 500, ...options }, { logger: silentLogger });
  monitors.push(monitor);
  await monitor.start();
  return asking(monitor.url!);
}

beforeAll(async () => {
  const url = await redisUrl();
  app = createApp("watching", { broker: url, backend: url });
  worker = await startWatchedWorker(url, w1);
  byDefault = await start({});
  withLogin = await start({ basicAuth: ["u:p"], address: "127.0.0.1" });
  open = await start({ unauthenticatedApi: true, address: "127.0.0.1" });
  await eventually(async () => (await open.get("/api/workers?status=1")).json()[w1] === true);
});
afterAll(async () => {
  await Promise.all(monitors.map((monitor) => monitor.stop()));
  await worker?.stop();
  await app?.close();
});

it("of which nothing was said refuses its API, and the worker lives on", async () => {
  const text = "FLOWER_UNAUTHENTICATED_API environment variable is required to enable API without authentication";
  expect(await byDefault.get("/api/tasks")).toMatchObject({ status: 401, text: "" });
  expect(await byDefault.get("/api/workers")).toMatchObject({ status: 401, text });
  for (const path of [`/api/worker/shutdown/${w1}`, `/api/v2/workers/${w1}/shutdown`])
    expect((await byDefault.post(path)).status).toBe(401);
  expect((await byDefault.get("/api/v2/session")).json()).toMatchObject({
    role: "viewer",
    readOnly: expect.stringContaining("No login is configured"),
  });
  await eventually(async () => (await byDefault.get(`/api/v2/workers/${w1}?refresh=1`)).json()["stats"] !== null);
  expect((await byDefault.get("/api/v2/workers")).json()["rows"]).toMatchObject([{ name: w1, online: true, slots: 2 }]);
});

it("with a login answers nobody without, but that it is healthy", async () => {
  const page = await withLogin.get("/");
  expect([page.status, page.text, page.headers.get("www-authenticate")]).toEqual([401, "Access denied", 'Basic realm="flower"']);
  for (const path of ["/api/workers", "/tasks", "/tasks/datatable", "/workers?json=1", "/metrics", stream]) {
    expect((await withLogin.get(path)).status, path).toBe(401);
    expect((await withLogin.get(path, basic("u:q"))).status, path).toBe(401);
  }
  expect((await withLogin.get("/api/workers", basic("u:p"))).status).toBe(200);
  expect(await withLogin.get("/healthcheck")).toMatchObject({ status: 200, text: "OK" });
});

it("that is open takes nothing from pages of other sites", async () => {
  const evil = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  expect((await open.post("/api/task/revoke/x", "", evil)).status).toBe(403);
  expect((await open.get(stream, evil)).status).toBe(403);
  expect((await open.post("/api/task/revoke/x")).status).toBe(200);
  const { headers } = await open.get("/api/tasks");
  expect(headers.get("access-control-allow-origin")).toBeNull();
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  const { rows } = (await open.get("/api/v2/audit")).json<{ rows: readonly unknown[] }>();
  expect(rows).toMatchObject([
    { action: "revoke", target: "x", refusal: null },
    { action: "revoke", target: "x", refusal: expect.stringContaining("another site") },
  ]);
});

it("does what a worker can be told, and shows what it answered", async () => {
  const post = async (path: string, body: object) =>
    (await open.post(`/api/v2/${path}`, JSON.stringify(body))).json<Record<string, never>>();
  expect(await post(`workers/${w1}/pool-grow`, { n: 1 })).toMatchObject({ workers: { [w1]: { ok: expect.any(String) } } });
  await eventually(async () => ((await open.get(`/api/v2/workers/${w1}`)).json()["slots"] as number) === 3);
  const { taskId } = await post("tasks", { name: "tasks.sleep" });
  await eventually(async () => (await open.get(`/api/v2/tasks/${taskId}`)).json()["state"] === "STARTED");
  expect(await post(`tasks/${taskId}/terminate`, {})).toMatchObject({ workers: { [w1]: { ok: expect.any(String) } } });
  await eventually(async () => (await open.get(`/api/v2/tasks/${taskId}`)).json()["state"] === "REVOKED");
  const sum = await post("tasks", { name: "tasks.add", args: [1, 2] });
  await eventually(async () => (await open.get(`/api/v2/tasks/${sum["taskId"]}`)).json()["state"] === "SUCCESS");
  expect((await open.get(`/api/v2/tasks/${sum["taskId"]}`)).json()).toMatchObject({ actions: { retry: { refusal: null } } });
  const again = await post(`tasks/${sum["taskId"]}/retry`, {});
  expect(again).toEqual({ message: "Sent tasks.add once more", taskId: expect.any(String) });
  await eventually(async () => (await open.get(`/api/v2/tasks/${again["taskId"]}`)).json()["result"] === "3");
});
