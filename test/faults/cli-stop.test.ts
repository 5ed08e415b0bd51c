import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { eventually } from "../support/eventually.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";
import { startRedis } from "../support/redis-server.ts";

/** A task that says that it runs, and ends when a file appears. */
const tasks = `
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { createApp } from "celeriac";
export const app = createApp("shop");
app.task("shop.wait", async () => {
  console.log("waiting for go");
  while (!existsSync("go")) await setTimeout(10);
  return "done";
});
app.task("shop.version", () => 1);
// The executor's parent is the worker.
app.task("shop.parent", () => process.ppid);
`;

const ready = /worker-online/;
let folder: ReturnType<typeof projectFolder>;
let worker: PrivateProcess;

beforeEach(() => {
  folder = projectFolder("cli-stop", { "tasks.js": tasks });
});
afterEach(async () => {
  await worker?.stop();
  folder.remove();
});

const run = (...words: string[]) => celeriac(folder.path, ["-q", ...words]);
const letGo = () => writeFileSync(join(folder.path, "go"), "");

async function startWorker(words: readonly string[] = ["worker", "-c", "1"]): Promise<void> {
  worker = startCeleriac(folder.path, words);
  await worker.wrote(ready, 60_000);
}

async function startTask(): Promise<string> {
  const { stdout } = await run("call", "shop.wait");
  await worker.wrote(/waiting for go/, 30_000);
  return stdout.trim();
}

describe("a worker that is told to stop", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("lets the running task end and ends with 0: %s", async (signal) => {
    await startWorker();
    const id = await startTask();
    process.kill(worker.pid, signal);
    await worker.wrote(/worker-stopping/, 15_000);
    letGo();
    expect(await worker.ended).toBe(0);
    expect(await run("result", id)).toEqual({ code: 0, stdout: "done\n", stderr: "" });
    expect(worker.output()).toMatch(new RegExp(`"reason":"${signal}","running":1,"grace":"25s","taskIds":\\["${id}"\\]`));
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("gives up the running task at the second %s, and another worker runs it", async (signal, code) => {
    await startWorker();
    const id = await startTask();
    process.kill(worker.pid, signal);
    await worker.wrote(/worker-stopping/, 15_000);
    process.kill(worker.pid, signal);
    expect(await worker.ended).toBe(code);
    expect((await run("result", id)).code).toBe(4);
    await startWorker();
    await worker.wrote(/waiting for go/, 30_000);
    letGo();
    expect(await run("result", id, "--wait")).toMatchObject({ code: 0, stdout: "done\n" });
  });

  it("gives up the running task at once on SIGQUIT", async () => {
    await startWorker();
    const id = await startTask();
    process.kill(worker.pid, "SIGQUIT");
    expect(await worker.ended).toBe(131);
    expect((await run("result", id)).code).toBe(4);
  });

  it("ends with 0 while it still waits for its broker, of which it has told once", async () => {
    worker = startCeleriac(folder.path, ["-b", "redis://127.0.0.1:1", "worker", "-c", "1", "-l", "debug"]);
    await worker.wrote(/"debug".*not reachable, trying again/, 60_000);
    expect(worker.output().match(/"warn".*not reachable, trying again/g)).toHaveLength(1);
    process.kill(worker.pid, "SIGTERM");
    expect(await worker.ended).toBe(0);
  });

  it("gives a running task no more than --grace", async () => {
    await startWorker(["worker", "-c", "1", "--grace", "200ms"]);
    const id = await startTask();
    process.kill(worker.pid, "SIGTERM");
    expect(await worker.ended).toBe(0);
    expect((await run("result", id)).code).toBe(4);
  });
});

describe("celeriac dev", () => {
  const changeTo = (version: string) => writeFileSync(join(folder.path, "tasks.js"), tasks.replace("() => 1", version));

  it("runs the changed code, after the running task has ended with the old", async () => {
    await startWorker(["dev", "-c", "1"]);
    expect(worker.output()).toContain("npx celeriac call shop.wait --wait");
    const id = await startTask();
    changeTo("() => 2");
    await worker.wrote(/worker-stopping/, 30_000);
    letGo();
    expect((await run("result", id, "--wait")).stdout).toBe("done\n");
    await worker.wrote(/worker-offline[\s\S]*worker-online/, 60_000);
    expect((await run("call", "shop.version", "--wait")).stdout).toBe("2\n");
    process.kill(worker.pid, "SIGINT");
    expect(await worker.ended).toBe(0);
  });

  it("says why changed code does not load, and goes on with the next change", async () => {
    await startWorker(["dev", "-c", "1"]);
    changeTo("() => (");
    await worker.wrote(/error APP_NOT_FOUND[\s\S]*starts anew when a file changes/, 60_000);
    changeTo("() => 3");
    await worker.wrote(/worker-online[\s\S]*worker-online/, 60_000);
    expect((await run("call", "shop.version", "--wait")).stdout).toBe("3\n");
  });

  it("leaves no worker behind when it is killed", async () => {
    await startWorker(["dev", "-c", "1"]);
    const pid = Number((await run("call", "shop.parent", "--wait")).stdout);
    expect(isAlive(pid)).toBe(true);
    process.kill(worker.pid, "SIGKILL");
    await eventually(() => expect(isAlive(pid)).toBe(false), { withinMs: 30_000 });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a worker that is not to wait for its broker", () => {
  it("ends when that is lost, with 1 and the reason", async () => {
    const redis = await startRedis();
    try {
      const source = `import { createApp } from "celeriac"; export const app = createApp("shop", { broker: "redis://127.0.0.1:${redis.port}", config: { broker_connection_retry: false } });`;
      writeFileSync(join(folder.path, "impatient.js"), source);
      await startWorker(["-A", "./impatient.js", "worker", "-c", "1", "--grace", "1s"]);
      await redis.down({ hard: true });
      expect(await worker.ended).toBe(1);
      expect(worker.output()).toMatch(/BROKER_UNREACHABLE: The connection to the broker was lost, and brokerConnectionRetry is false/);
    } finally {
      await redis.stop();
    }
  });
});
