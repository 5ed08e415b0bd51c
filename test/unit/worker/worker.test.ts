/** The worker's life: it starts and stops in any order, leaves nothing behind when it cannot start, and gives back what it has not begun. */
import { writeFile } from "node:fs/promises";
import { type Config, createApp } from "@celeriac/core";
import { createWorker, type WorkerOptions } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import { programUrl } from "../../support/built.ts";
import { createSqliteFile } from "../../support/sqlite-file.ts";

const moduleOf = (program: string) => ({ moduleUrl: programUrl(program).href, appName: null });

async function startWorld({
  include = [] as readonly (() => Promise<unknown>)[],
  source = moduleOf("interop/app"),
  config = {} as Config,
} = {}) {
  const file = await createSqliteFile();
  const app = createApp("life", { broker: file.url, config: { durability: "process", ...config }, include });
  const lines: string[] = [];
  const line = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const logger = { debug: line, info: line, warn: line, error: line };
  const add = app.task("js.add", (x: number, y: number) => x + y);
  onTestFinished(async () => {
    await app.close();
    await file.remove();
  });
  const worker = (options: WorkerOptions = {}) => createWorker(app, { pool: "threads", concurrency: 2, ...options }, { logger, source });
  return { app, file, add, worker, lines };
}
const coded = (code: string, text = "") => expect.objectContaining({ code, message: expect.stringContaining(text) });

describe("a worker", () => {
  it("runs what was sent, and stops twice as well as once", async () => {
    const { add, worker } = await startWorld();
    const started = worker();
    await Promise.all([started.start(), started.start()]);
    expect(await add.delay(1, 2).get()).toBe(3);
    await Promise.all([started.stop(), started.stop({ deadline: "1s" }), started.terminate()]);
    expect(started.stats()).toMatchObject({
      counts: { "task-succeeded": 1, "worker-online": 1, "worker-offline": 1 },
      pool: { executors: [] },
    });
    await expect(worker().stop({ deadline: "soon" as never })).rejects.toEqual(coded("CONFIG_DURATION", "deadline"));
  });

  it("also consumes a queue of its own where workerDirect is on", async () => {
    const { worker } = await startWorld({ config: { worker_direct: true, task_create_missing_queues: false, task_queues: ["a", "b"] } });
    expect(worker({ hostname: "w1@here" }).queues).toEqual(["a", "b", "w1@here.dq2"]);
    expect(worker({ hostname: "w1@here", queues: ["b", "w1@here.dq2"] }).queues).toEqual(["b", "w1@here.dq2"]);
  });

  it("says once of each of Celery's settings that does nothing here why", async () => {
    const { worker, lines } = await startWorld({ config: { worker_lost_wait: 10, task_protocol: 2 } });
    for (const each of [worker(), worker()]) {
      await each.start();
      await each.stop();
    }
    expect(lines.filter((line) => line.startsWith("setting has no effect"))).toEqual([
      expect.stringContaining('"setting":"worker_lost_wait"'),
    ]);
  });

  it("waits for its broker as long as the app says", async () => {
    const tries = async (config: Config) => {
      const app = createApp("impatient", { broker: "redis://127.0.0.1:1", backend: "disabled", config });
      let waited = 0;
      const count = (message: string) => {
        if (message.endsWith("trying again")) waited += 1;
      };
      const logger = { debug: count, info: count, warn: count, error: count };
      const worker = createWorker(app, { pool: "solo" }, { source: moduleOf("interop/app"), logger });
      await expect(worker.start()).rejects.toEqual(coded("BROKER_UNREACHABLE"));
      await worker.stop();
      await app.close();
      return waited;
    };
    expect(await tries({ broker_connection_retry_on_startup: false })).toBe(0);
    expect(await tries({ broker_connection_retry: false })).toBe(0);
    expect(await tries({ broker_connection_max_retries: 2 })).toBe(2);
  });

  it("can be stopped or ended while it starts", async () => {
    const { worker } = await startWorld();
    for (const end of ["stop", "terminate"] as const) {
      const early = worker();
      const start = early.start();
      await early[end]();
      await early.stop();
      await expect(start).rejects.toMatchObject({ code: expect.stringMatching(/SERVICE_STOPPED|WORKER_STARTUP/) });
      expect(early.stats().pool.executors).toEqual([]);
    }
  });

  it("gives back, uncounted, what it has not begun when it stops", async () => {
    const { app, add, file, worker } = await startWorld();
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => add.delay(n, n)));
    const hasty = worker();
    await hasty.start();
    await hasty.stop({ deadline: 0 });
    const { "task-succeeded": ended } = hasty.stats().counts;
    const [[left, claimed, most]] = file.rows("select count(*), count(claim), max(deliveries) from message") as [[number, number, number]];
    expect(ended + left).toBe(1_000);
    expect([claimed, most]).toEqual([0, left === 0 ? null : 0]);
    const second = worker();
    await second.start();
    await expect.poll(() => second.stats().counts["task-succeeded"], { timeout: 20_000 }).toBe(left);
    await second.stop();
    await app.close();
  }, 60_000);

  it("that cannot load what the app includes says so with a code", async () => {
    const include = [() => Promise.reject(new SyntaxError("no module"))];
    const { worker } = await startWorld({ include });
    await expect(worker().start()).rejects.toEqual(coded("WORKER_STARTUP", "no module"));
  });

  it("that cannot start leaves no executor behind, though nobody stops it", async () => {
    const { file, worker } = await startWorld();
    await writeFile(file.path, "this is no database, and never was one".repeat(100));
    const broken = worker();
    await expect(broken.start()).rejects.toEqual(coded("STORE_CORRUPT"));
    expect(broken.stats().pool.executors).toEqual([]);
  });

  it("logs what the app's own machinery says in an executor, errors and all, without secrets", async () => {
    const { app, worker, lines } = await startWorld({ source: moduleOf("listening-app") });
    const listening = worker();
    app.task("t", () => 1);
    await listening.start();
    await app.sendTask("t").get();
    await listening.stop();
    const told = lines.find((line) => line.includes("listener failed"));
    expect(told).toContain("cannot listen");
    expect(told).not.toContain("s3cret");
  });

  it.each(["prefork", "threads"] as const)(
    "signals where tasks run that executors begin and end, around their dependencies: %s",
    async (pool) => {
      const { add, worker, lines } = await startWorld({ source: moduleOf("signalling-app") });
      const signalling = worker({ pool, concurrency: 1, hostname: "w1@here" });
      await signalling.start();
      await add.delay(1, 2).get();
      await signalling.stop();
      const said = lines.filter((line) => line.includes('"stream":"stdout"')).map((line) => line.slice(0, line.indexOf(" {")));
      expect(said).toEqual(["init w1@here", "opened", "runs", "shutdown w1@here true", "closed"]);
    },
  );

  it("tells what a task prints with its task, also where others run beside it", async () => {
    const { app, worker, lines } = await startWorld({ source: moduleOf("signalling-app") });
    app.task("js.say", () => null);
    const talking = worker({ pool: "async", concurrency: 2 });
    await talking.start();
    const said = await Promise.all(["one", "two"].map((word) => app.sendTask("js.say", [word])));
    await Promise.all(said.map((sent) => sent.get()));
    await talking.stop();
    for (const [index, word] of ["one", "two"].entries())
      expect(lines.find((line) => line.startsWith(`${word} {`))).toContain(`"taskId":"${said[index]?.id}"`);
  });

  it("signals in its own process what becomes of itself, and of executors that are in it", async () => {
    const { app, worker } = await startWorld();
    const told: string[] = [];
    const { workerInit, workerProcessInit, workerReady, workerShuttingDown, workerProcessShutdown, workerShutdown } = app.signals;
    for (const [name, signal] of Object.entries({ workerInit, workerProcessInit, workerReady, workerProcessShutdown, workerShutdown }))
      signal.connect(({ hostname }) => told.push(`${name} ${hostname}`));
    workerShuttingDown.connect(({ how }) => told.push(`workerShuttingDown ${how}`));
    const warm = worker({ pool: "inline", hostname: "w1@here" });
    await warm.start();
    await warm.stop();
    const life = ["workerInit", "workerProcessInit", "workerReady"].map((name) => `${name} w1@here`);
    expect(told.splice(0)).toEqual([...life, "workerShuttingDown warm", "workerProcessShutdown w1@here", "workerShutdown w1@here"]);
    const cold = worker({ pool: "inline", hostname: "w1@here" });
    await cold.start();
    await Promise.all([cold.stop(), cold.terminate()]);
    expect(told).toEqual([...life, "workerShuttingDown cold", "workerShutdown w1@here"]);
  });

  it("replaces children as its options say, and says where there are none to replace", async () => {
    const { add, worker, lines } = await startWorld();
    const renewing = worker({ pool: "prefork", concurrency: 1, maxTasksPerChild: 2 });
    await renewing.start();
    for (let n = 0; n < 3; n++) expect(await add.delay(n, n).get()).toBe(2 * n);
    await renewing.stop();
    expect(lines.filter((line) => line.startsWith("Executor replaced"))).toEqual([
      expect.stringContaining('"reason":"it has run 2 tasks"'),
    ]);
    const inline = worker({ pool: "inline", maxMemoryPerChild: 100_000 });
    await inline.start();
    await inline.stop();
    expect(lines.find((line) => line.startsWith("setting has no effect"))).toContain("the pool inline has no child processes");
  });
});
