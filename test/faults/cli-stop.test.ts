import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, type TestContext, test, vi } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { eventually } from "../support/eventually.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";
import { startRedis } from "../support/redis-server.ts";

// Several commands at a time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

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

/** A project of the test's own, and the worker that runs in it. */
function openProject({ onTestFinished }: TestContext) {
  const { path, remove } = projectFolder("cli-stop", { "tasks.js": tasks });
  let worker: PrivateProcess | null = null;
  onTestFinished(async () => {
    await worker?.stop();
    remove();
  });
  const run = (...words: string[]) => celeriac(path, ["-q", ...words]);
  const start = (words: readonly string[]): PrivateProcess => {
    worker = startCeleriac(path, words);
    return worker;
  };
  return {
    path,
    run,
    start,
    letGo: () => writeFileSync(join(path, "go"), ""),
    async startWorker(words: readonly string[] = ["worker", "-c", "1"]): Promise<PrivateProcess> {
      const started = start(words);
      await started.wrote(ready, 60_000);
      return started;
    },
    /** Gives its id when it runs. */
    async startTask(): Promise<string> {
      const { stdout } = await run("call", "shop.wait");
      await worker!.wrote(/waiting for go/, 30_000);
      return stdout.trim();
    },
  };
}

describe.concurrent("a worker that is told to stop", () => {
  test.for(["SIGTERM", "SIGINT"] as const)("lets the running task end and ends with 0: %s", async (signal, context) => {
    const { startWorker, startTask, run, letGo } = openProject(context);
    const worker = await startWorker();
    const id = await startTask();
    process.kill(worker.pid, signal);
    await worker.wrote(/worker-stopping/, 15_000);
    letGo();
    expect(await worker.ended).toBe(0);
    expect(await run("result", id)).toEqual({ code: 0, stdout: "done\n", stderr: "" });
    expect(worker.output()).toMatch(new RegExp(`"reason":"${signal}","running":1,"grace":"25s","taskIds":\\["${id}"\\]`));
  });

  test.for([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("gives up the running task at the second %s, and another worker runs it", async ([signal, code], context) => {
    const { startWorker, startTask, run, letGo } = openProject(context);
    const worker = await startWorker();
    const id = await startTask();
    process.kill(worker.pid, signal);
    await worker.wrote(/worker-stopping/, 15_000);
    process.kill(worker.pid, signal);
    expect(await worker.ended).toBe(code);
    expect((await run("result", id)).code).toBe(4);
    const other = await startWorker();
    await other.wrote(/waiting for go/, 30_000);
    letGo();
    expect(await run("result", id, "--wait")).toMatchObject({ code: 0, stdout: "done\n" });
  });

  test("gives up the running task at once on SIGQUIT", async (context) => {
    const { startWorker, startTask, run } = openProject(context);
    const worker = await startWorker();
    const id = await startTask();
    process.kill(worker.pid, "SIGQUIT");
    expect(await worker.ended).toBe(131);
    expect((await run("result", id)).code).toBe(4);
  });

  test("ends with 0 while it still waits for its broker, of which it has told once", async (context) => {
    const worker = openProject(context).start(["-b", "redis://127.0.0.1:1", "worker", "-c", "1", "-l", "debug"]);
    await worker.wrote(/"debug".*not reachable, trying again/, 60_000);
    expect(worker.output().match(/"warn".*not reachable, trying again/g)).toHaveLength(1);
    process.kill(worker.pid, "SIGTERM");
    expect(await worker.ended).toBe(0);
  });

  test("gives a running task no more than --grace", async (context) => {
    const { startWorker, startTask, run } = openProject(context);
    const worker = await startWorker(["worker", "-c", "1", "--grace", "200ms"]);
    const id = await startTask();
    process.kill(worker.pid, "SIGTERM");
    expect(await worker.ended).toBe(0);
    expect((await run("result", id)).code).toBe(4);
  });
});

describe.concurrent("celeriac dev", () => {
  const changeTo = (path: string, version: string) => writeFileSync(join(path, "tasks.js"), tasks.replace("() => 1", version));

  test("runs the changed code, after the running task has ended with the old", async (context) => {
    const { path, startWorker, startTask, run, letGo } = openProject(context);
    const worker = await startWorker(["dev", "-c", "1"]);
    expect(worker.output()).toContain("npx celeriac call shop.wait --wait");
    const id = await startTask();
    changeTo(path, "() => 2");
    await worker.wrote(/worker-stopping/, 30_000);
    letGo();
    expect((await run("result", id, "--wait")).stdout).toBe("done\n");
    await worker.wrote(/worker-offline[\s\S]*worker-online/, 60_000);
    expect((await run("call", "shop.version", "--wait")).stdout).toBe("2\n");
    process.kill(worker.pid, "SIGINT");
    expect(await worker.ended).toBe(0);
  });

  test("says why changed code does not load, and goes on with the next change", async (context) => {
    const { path, startWorker, run } = openProject(context);
    const worker = await startWorker(["dev", "-c", "1"]);
    changeTo(path, "() => (");
    await worker.wrote(/error APP_NOT_FOUND[\s\S]*starts anew when a file changes/, 60_000);
    changeTo(path, "() => 3");
    await worker.wrote(/worker-online[\s\S]*worker-online/, 60_000);
    expect((await run("call", "shop.version", "--wait")).stdout).toBe("3\n");
  });

  test("leaves no worker behind when it is killed", async (context) => {
    const { startWorker, run } = openProject(context);
    const worker = await startWorker(["dev", "-c", "1"]);
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

describe.concurrent("a worker that is not to wait for its broker", () => {
  test("ends when that is lost, with 1 and the reason", async (context) => {
    const { path, startWorker } = openProject(context);
    const redis = await startRedis();
    try {
      const source = `import { createApp } from "celeriac"; export const app = createApp("shop", { broker: "redis://127.0.0.1:${redis.port}", config: { broker_connection_retry: false } });`;
      writeFileSync(join(path, "impatient.js"), source);
      const worker = await startWorker(["-A", "./impatient.js", "worker", "-c", "1", "--grace", "1s"]);
      await redis.down({ hard: true });
      expect(await worker.ended).toBe(1);
      expect(worker.output()).toMatch(/BROKER_UNREACHABLE: The connection to the broker was lost, and brokerConnectionRetry is false/);
    } finally {
      await redis.stop();
    }
  });
});
