/** The probes of `celeriac worker` where they matter: its children are blocked, its broker is away. */
import { createApp } from "@celeriac/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCeleriac } from "../support/celeriac-command.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";
import { redisUrl } from "../support/servers.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const tasks = `
import { createApp } from "celeriac";
export const app = createApp("probed");
app.task("block", () => { for (;;); });
`;

let folder: ReturnType<typeof projectFolder>;
let proxy: TcpProxy;
let worker: PrivateProcess;
let url: string;

const get = async (path: string) => {
  const response = await fetch(`${url}${path}`);
  return { status: response.status, text: await response.text() };
};
const sample = async (name: string) => {
  const { text } = await get("/metrics");
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? null : Number(line.slice(name.length + 1));
};

beforeAll(async () => {
  const server = new URL(await redisUrl());
  proxy = await startTcpProxy(Number(server.port));
  const broker = Object.assign(new URL(server), { hostname: "127.0.0.1", port: String(proxy.port) }).href;
  folder = projectFolder("probes", { "tasks.js": tasks });
  const environment = { CELERY_BROKER_URL: broker, CELERIAC_WORKER_HTTP: "127.0.0.1:0" };
  worker = startCeleriac(folder.path, ["-A", "./tasks.js", "worker", "-c", "1"], environment);
  await worker.wrote(/worker-online/, 60_000);
  url = /"url":"(http:[^"]+)"/.exec(worker.output())![1]!;
  const producer = createApp("producer", { broker: server.href });
  for (let count = 0; count < 4; count++) await producer.sendTask("block", []);
  await producer.close();
}, 60_000);
afterAll(async () => {
  await worker?.stop({ signal: "SIGQUIT" });
  await proxy?.close();
  folder?.remove();
});

it("answers while every child computes without a pause", async () => {
  await expect.poll(() => sample("celeriac_running"), { timeout: 20_000 }).toBe(1);
  expect(await get("/livez")).toMatchObject({ status: 200 });
  expect(await get("/readyz")).toMatchObject({ status: 200 });
  expect(await sample("celeriac_saturation_ratio")).toBe(1);
  await expect.poll(() => sample('celeriac_queue_messages{queue="celery"}'), { timeout: 20_000 }).toBeGreaterThan(0);
});

it("stays live, and is not ready, while the broker is away", async () => {
  proxy.refuse();
  await expect.poll(async () => (await get("/readyz")).status, { timeout: 20_000 }).toBe(503);
  expect(JSON.parse((await get("/readyz")).text)).toMatchObject({ ready: false, reason: "broker", detail: expect.any(String) });
  expect(await get("/livez")).toMatchObject({ status: 200 });
  expect(await get("/startz")).toMatchObject({ status: 200 });
  expect(await sample("celeriac_broker_connected")).toBe(0);
  proxy.accept();
  await expect.poll(async () => (await get("/readyz")).status, { timeout: 20_000 }).toBe(200);
});
