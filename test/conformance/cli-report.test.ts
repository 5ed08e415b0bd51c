/** `celeriac report`, and the bundle that is sent to who helps: everything that is needed, and no secret. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { celeriac } from "../support/celeriac-command.ts";
import { projectFolder } from "../support/project-folder.ts";
import { redisUrl } from "../support/servers.ts";

const mark = `canary${randomUUID().replaceAll("-", "")}`;
const user = `${mark.slice(0, 12)}report`;
const queue = `${mark.slice(0, 12)}mail`;
const tasks = `
import { createApp } from "celeriac";
export const app = createApp("told", {
  config: {
    taskQueues: ["${queue}"],
    resultBackend: process.env.RESULTS,
    redis_password: process.env.UNUSED,
    brokerTransportOptions: { sentinelKwargs: { password: process.env.UNUSED } },
  },
});
app.task("t.add", { queue: "${queue}" }, (x, y) => x + y);
`;

let folder: ReturnType<typeof projectFolder>;
let admin: Redis;
let broker: string;
let environment: NodeJS.ProcessEnv;

const run = (more: NodeJS.ProcessEnv, ...words: string[]) =>
  celeriac(folder.path, ["-A", "./tasks.js", ...words], { ...environment, ...more });
const bundle = (name: string) => {
  const files = readdirSync(join(folder.path, name));
  return new Map(files.map((file) => [file, readFileSync(join(folder.path, name, file), "utf8")]));
};

beforeAll(async () => {
  const server = new URL(await redisUrl());
  admin = new Redis(server.href, { protocol: 2 });
  await admin.acl("SETUSER", user, "on", `>${mark}`, "~*", "&*", "+@all");
  broker = Object.assign(new URL(server), { username: user, password: mark }).href;
  folder = projectFolder("report", { "tasks.js": tasks });
  const secretFile = join(folder.path, "broker-url");
  writeFileSync(secretFile, `${broker}\n`, { mode: 0o600 });
  environment = { CELERY_BROKER_URL_FILE: secretFile, RESULTS: broker, UNUSED: mark, CELERIAC_COORDINATOR: broker };
}, 60_000);
afterAll(async () => {
  await admin?.acl("DELUSER", user);
  admin?.disconnect();
  folder?.remove();
});

it("tells what the app is made of, without asking anybody, as text and as JSON", async () => {
  const text = await run({ CELERY_BROKER_URL_FILE: "", CELERY_BROKER_URL: "redis://nobody.invalid" }, "report");
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/^software -> celeriac:\S+ node:/);
  expect(text.stdout).toContain(`t.add {"queue":"${queue}"}`);
  const { stdout } = await run({}, "--json", "report");
  expect(JSON.parse(stdout)).toMatchObject({ app: "told", queues: [queue], transports: { broker: "redis" } });
  expect(text.stdout + stdout).not.toContain(mark);
});

it("bundles servers, queues and workers as well, and no secret", async () => {
  const app = createApp("told", { broker, config: { taskQueues: [queue] } });
  const worker = createWorker(app, { pool: "inline", hostname: `${mark.slice(0, 12)}@here`, queues: ["elsewhere"] });
  try {
    await worker.start();
    await app.sendTask("t.add", [1, 2], { queue });
    const { code, stdout, stderr } = await run({}, "report", "--bundle", "sent/report");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "sent/report\n" });
    const files = bundle("sent/report");
    expect([...files.keys()].sort()).toEqual([
      "queues.json",
      "report.txt",
      "servers.json",
      "settings.json",
      "software.json",
      "workers.json",
    ]);
    const json = (name: string) => JSON.parse(files.get(name)!);
    expect(json("servers.json")).toMatchObject({
      broker: { software: expect.stringMatching(/^Redis \d/), persistent: expect.any(Boolean) },
    });
    expect(json("queues.json")).toContainEqual(expect.objectContaining({ name: queue, length: 1, dead: 0, paused: false }));
    expect(json("workers.json")).toMatchObject({ [worker.hostname]: { pool: { "max-concurrency": 100 } } });
    expect(json("settings.json")).toMatchObject({ broker_url: expect.stringContaining(":********@") });
    expect([...files.values(), stdout, stderr].join("\n")).not.toContain(mark);
    expect(statSync(join(folder.path, "sent/report")).mode & 0o777).toBe(0o700);
  } finally {
    await worker.stop();
    await app.close();
  }
});

it("says in the bundle what could not be asked, and why", async () => {
  const away = `redis://user:${mark}@127.0.0.1:1`;
  expect(
    await run({ CELERY_BROKER_URL_FILE: "", CELERY_BROKER_URL: away, RESULTS: "disabled" }, "report", "--bundle", "away"),
  ).toMatchObject({ code: 0 });
  const files = bundle("away");
  expect(JSON.parse(files.get("servers.json")!)).toEqual({
    broker: { error: "BROKER_UNREACHABLE", reason: expect.stringContaining("127.0.0.1:1") },
    backend: "disabled",
  });
  expect(JSON.parse(files.get("queues.json")!)).toMatchObject({ error: "BROKER_UNREACHABLE" });
  expect([...files.values()].join("\n")).not.toContain(mark);
});

it("writes into no folder that has something in it", async () => {
  mkdirSync(join(folder.path, "full"));
  writeFileSync(join(folder.path, "full/mine.txt"), "");
  expect(await run({}, "report", "--bundle", "full")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/COMMAND_USAGE: --bundle: full is not empty/),
  });
  expect(await run({}, "report", "--bundle", "tasks.js/below")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("COMMAND_USAGE"),
  });
});
