/** Tasks under test: sent and not run, or run by a worker whose time is the test's. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type AppOptions, createApp, shape, type Task, TaskError } from "celeriac";
import { type TestAppOptions, testApp } from "celeriac/testing";
import { describe, expect, it, onTestFinished } from "vitest";

const coded = (code: string, text = "") => expect.objectContaining({ code, message: expect.stringContaining(text) });
const start = new Date("2026-03-01T08:00:00Z");

/** An app whose broker nobody could reach. */
const newApp = <D extends object>(options: AppOptions<D> = {}) => createApp("tested", { broker: "amqp://nowhere.invalid", ...options });

async function underTest<D extends object>(app: ReturnType<typeof newApp<D>>, options: TestAppOptions<D> = {}) {
  const t = await testApp(app, { mode: "worker", now: start, ...options });
  onTestFinished(() => t[Symbol.asyncDispose]());
  return t;
}

describe("what is sent", () => {
  it("is recorded and not run in mode fake, with its arguments and options", async () => {
    const app = newApp();
    const add = app.task("add", (x: number, y: number) => x + y);
    const other = app.task("other", () => 1);
    const t = await underTest(app, { mode: "fake" });
    const first = await add.delay(1, 2);
    await add.applyAsync([3, 4], { countdown: "1h", queue: "slow", priority: 3 });
    await add.s(5).applyAsync([6], { kwargs: { z: 1 } });
    expect(t.enqueued(add)).toEqual([
      { id: first.id, args: [1, 2], kwargs: {}, options: {} },
      { id: expect.any(String), args: [3, 4], kwargs: {}, options: { countdown: "1h", queue: "slow", priority: 3 } },
      { id: expect.any(String), args: [6, 5], kwargs: { z: 1 }, options: {} },
    ]);
    expect(t.enqueued(other)).toEqual([]);
    await t.drain();
    expect(await first.state()).toBe("PENDING");
    await expect(t.waitFor(add, "SUCCESS")).rejects.toEqual(coded("TEST_MODE", 'take "eager" or "worker"'));
    expect(() => t.crash(add)).toThrow(coded("TEST_MODE"));
    await expect(add.delay(1, (() => 1) as never)).rejects.toEqual(coded("PUBLISH_ENCODE"));
  });

  it("is given as its caller gave it where a schema takes one object", async () => {
    const app = newApp();
    const mail = app.define("mail", { input: shape<{ to: string }>() }, (_self, { to }) => to);
    const t = await underTest(app);
    await mail.delay({ to: "a@b.c" });
    expect(t.enqueued(mail)).toMatchObject([{ args: [{ to: "a@b.c" }], kwargs: {} }]);
    expect((await t.waitFor(mail, "SUCCESS")).value).toBe("a@b.c");
  });
});

describe("mode eager", () => {
  it("runs what is sent before delay() resolves, and what follows it", async () => {
    const app = newApp();
    const add = app.task("add", { autoretryFor: [TypeError] }, (x: number, y: number) => x + y);
    const outer = app.bound("outer", async (self, n: number) => [await add.delay(n, n).get(), self.request.isEager]);
    const show = app.task("show", (value: unknown) => JSON.stringify(value));
    const score = app.declare<(doc: string) => number>("ml.score");
    const t = await underTest(app, { mode: "eager" });
    t.stub(score, (doc) => doc.length);
    t.fail(add, new TypeError("once"), { times: 1 });
    const sent = await outer.applyAsync([2], { countdown: "1h", link: show.s() });
    expect(await sent.get()).toEqual([4, true]);
    expect((await t.waitFor(show, "SUCCESS")).value).toBe("[4,true]");
    expect((await t.waitFor(add, "RETRY")).error.message).toContain("once");
    expect(await score.delay("four").get()).toBe(4);
    expect(t.enqueued(outer)).toMatchObject([{ id: sent.id, options: { countdown: "1h" } }]);
    expect(t.enqueued(add)).toHaveLength(1);
    expect(await add.result(t.enqueued(add)[0]!.id).get()).toBe(4);
    await expect(t.waitFor(score, "FAILURE")).rejects.toEqual(coded("TEST_STUCK", "is SUCCESS"));
    expect(() => t.crash(add)).toThrow(coded("TEST_MODE"));
  });
});

describe("a worker under test", () => {
  it("runs what is due, and what is due later when its time comes, in its order", async () => {
    const app = newApp();
    const ran: [string, string][] = [];
    const note = app.task("note", async (name: string) => void ran.push([name, t.clock.now().toISOString().slice(11, 16)]));
    const t = await underTest(app);
    await note.applyAsync(["third"], { eta: new Date("2026-03-01T09:30:00Z") });
    await note.applyAsync(["second"], { countdown: "1h" });
    await note.delay("first");
    await t.drain();
    expect(ran).toEqual([["first", "08:00"]]);
    await t.clock.advance("59m");
    expect(ran).toHaveLength(1);
    await t.clock.set(new Date("2026-03-01T20:00:00Z"));
    expect(ran).toEqual([
      ["first", "08:00"],
      ["second", "09:00"],
      ["third", "09:30"],
    ]);
    expect(t.clock.now()).toEqual(new Date("2026-03-01T20:00:00Z"));
    await t.clock.set(start);
    expect(t.clock.now()).toEqual(start);
  });

  it("tries again as the task says, and keeps what each attempt stored", async () => {
    const app = newApp();
    const flaky = app.bound("flaky", { maxRetries: 5, retryBackoff: "10s", retryJitter: false, autoretryFor: [TypeError] }, (self) => {
      if (self.request.retries < 2) throw new TypeError(`attempt ${self.request.retries}`);
      return t.clock.now();
    });
    const t = await underTest(app);
    await flaky.delay();
    expect((await t.waitFor(flaky, "RETRY")).error.message).toContain("attempt 0");
    await t.clock.advance("10s");
    await expect(t.waitFor(flaky, "SUCCESS")).rejects.toEqual(coded("TEST_STUCK", "is RETRY"));
    await t.clock.advance("20s");
    expect(await t.waitFor(flaky, "SUCCESS")).toMatchObject({ value: "2026-03-01T08:00:30.000Z", retries: 2 });
  });

  it("tells expired tasks, states on the way, and how a task failed", async () => {
    const app = newApp();
    const late = app.task("late", () => 1);
    const steps = app.bound("steps", async (self) => {
      await self.progress({ done: 1 });
      throw new RangeError("no");
    });
    const t = await underTest(app);
    await late.applyAsync([], { countdown: "2h", expires: "1h" });
    await steps.delay();
    expect((await t.waitFor(steps, "STARTED")).progress).toEqual({ done: 1 });
    expect((await t.waitFor(steps, "FAILURE")).error.remote).toMatchObject({ type: "RangeError", args: ["no"] });
    await t.clock.advance("2h");
    expect((await t.waitFor(late, "REVOKED")).error.reason).toBe("expired");
  });

  it("aborts at the soft limit and ends at the hard one, and the next task runs", async () => {
    const app = newApp();
    const soft = app.bound("soft", { softTimeLimit: "30s" }, async (self) => {
      await new Promise((_resolve, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
    });
    const hard = app.task("hard", { timeLimit: "1m" }, () => new Promise<void>(() => {}));
    const add = app.task("add", (x: number, y: number) => x + y);
    const t = await underTest(app);
    await soft.delay();
    await hard.delay();
    await t.clock.advance("29s");
    expect(await soft.result(t.enqueued(soft)[0]!.id).state()).toBe("PENDING");
    await t.clock.advance("1s");
    expect((await t.waitFor(soft, "FAILURE")).error.remote.type).toBe("SoftTimeLimitExceeded");
    await t.clock.advance("30s");
    expect((await t.waitFor(hard, "FAILURE")).error.code).toBe("TASK_TIME_LIMIT");
    expect(await add.delay(1, 2).get()).toBe(3);
  });

  it("counts executors that die, and ends a task that always kills its own", async () => {
    const app = newApp({ config: { maxDeliveries: 3 } });
    const told: (number | null)[] = [];
    const once = app.bound("once", (self) => void told.push(self.request.deliveryCount));
    const deadly = app.task("deadly", () => void told.push(-1));
    const t = await underTest(app);
    t.crash(once, { times: 2 });
    t.crash(deadly);
    await once.delay();
    await Promise.all(Array.from({ length: 5 }, () => deadly.delay()));
    await t.waitFor(once, "SUCCESS");
    await t.drain();
    expect(told).toEqual([2]);
    const ends = await Promise.all(t.enqueued(deadly).map(({ id }) => deadly.result(id).settled()));
    expect(ends.map((end) => end.state === "FAILURE" && [end.error.code, end.error.message])).toEqual(
      Array.from({ length: 5 }, () => ["TASK_WORKER_LOST", expect.stringContaining("began 3 times")]),
    );
  });

  it("waits for what tasks do for real", async () => {
    const app = newApp();
    const server = createServer((_request, response) => setTimeout(() => response.end("answered"), 20));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const tasks: readonly Task<[], unknown>[] = [
      app.task("file", async () => (await readFile(import.meta.filename, "utf8")).length),
      app.task("answer", async () => (await fetch(`http://127.0.0.1:${port}`)).text()),
      app.task("wait", () => new Promise<void>((resolve) => setTimeout(resolve, 20))),
      app.task("zip", async () => (await promisify(gzip)(Buffer.alloc(2_000_000, "some text"))).length),
    ];
    const t = await underTest(app);
    for (const task of tasks) await task.applyAsync([], { countdown: "1m" });
    await t.clock.advance("1m");
    for (const task of tasks) expect(await task.result(t.enqueued(task)[0]!.id).state()).toBe("SUCCESS");
  });

  it("runs what tasks send, and what is linked to them, on whatever queue their tasks name", async () => {
    const app = newApp();
    const seen: unknown[] = [];
    const end = app.task("end", { queue: "ends" }, (value: number) => void seen.push(value));
    const inner = app.task("inner", (n: number) => n * 2);
    const outer = app.task("outer", async (n: number) => await inner.delay(n).get());
    const t = await underTest(app);
    await outer.applyAsync([4], { link: end.s() });
    await t.waitFor(end, "SUCCESS");
    expect(seen).toEqual([8]);
    expect(t.enqueued(inner)).toMatchObject([{ args: [4] }]);
  });

  it("gives tasks the dependencies of the test, and not the app's", async () => {
    const app = newApp({
      deps: () => {
        throw new Error("the real thing");
      },
    } as AppOptions<{ db: { query(): string }; mail: { send(): void } }>);
    const query = app.bound("query", (self) => self.deps.db.query());
    const mail = app.bound("mail", (self) => self.deps.mail.send());
    const t = await underTest(app, { deps: { db: { query: () => "row" } } });
    expect(await query.delay().get()).toBe("row");
    expect(await query()).toBe("row");
    await mail.delay();
    expect((await t.waitFor(mail, "FAILURE")).error.message).toContain("testApp(app, { deps: { mail: … } })");
  });

  it("runs through the app's middleware and signals", async () => {
    const app = newApp();
    const told: string[] = [];
    app.use({
      name: "m",
      publish(_message, next) {
        told.push("publish");
        return next();
      },
      execute(_self, next) {
        told.push("execute");
        return next();
      },
    });
    using _listening = app.signals.taskSuccess.connect(({ task }) => void told.push(task));
    const ping = app.task("ping", () => "pong");
    await underTest(app);
    await ping.delay().get();
    expect(told).toEqual(["publish", "execute", "ping"]);
  });
});

describe("a stub", () => {
  it("gives a declared task a body, and another one to a task that has one", async () => {
    const app = newApp();
    const score = app.declare<(doc: string) => number>("ml.score", { queue: "gpu" });
    const add = app.task("add", (x: number, y: number) => x + y);
    const elsewhere = newApp().declare<() => void>("elsewhere");
    {
      await using t = await testApp(app, { mode: "worker" });
      t.stub(score, async (doc) => doc.length);
      t.stub(add, () => 42);
      expect(await score.delay("four").get()).toBe(4);
      expect([await add.delay(1, 2).get(), await add(1, 2)]).toEqual([42, 42]);
      expect(() => t.stub(elsewhere, () => {})).toThrow(coded("TASK_NOT_REGISTERED", "elsewhere"));
    }
    await underTest(app);
    expect(await add.delay(1, 2).get()).toBe(3);
    await expect(score.delay("x").get()).rejects.toBeInstanceOf(TaskError);
  });

  it("fails as often as it is told, and then runs", async () => {
    const app = newApp();
    const add = app.task("add", { autoretryFor: [RangeError], retryBackoff: true }, (x: number, y: number) => x + y);
    const always = app.task("always", () => 1);
    const t = await underTest(app);
    t.fail(add, new RangeError("first"), { times: 1 });
    t.fail(add, new RangeError("second"), { times: 1 });
    t.fail(always, new Error("always"));
    const sent = await add.delay(1, 2);
    await t.clock.advance("1h");
    expect(await sent.get()).toBe(3);
    for (let round = 0; round < 2; round++) await expect(always.delay().get()).rejects.toThrow("always");
    await expect(always()).rejects.toThrow("always");
  });
});

describe("an app under test", () => {
  it("is led back when the test is over, and reaches nothing until the next one", async () => {
    const app = newApp();
    const add = app.task("add", (x: number, y: number) => x + y);
    const t = await testApp(app, { mode: "worker" });
    await expect(testApp(app)).rejects.toEqual(coded("TEST_APP_ACTIVE", "tested"));
    const sent = await add.delay(1, 2);
    expect(await sent.get()).toBe(3);
    await t[Symbol.asyncDispose]();
    await t[Symbol.asyncDispose]();
    await expect(add.delay(1, 2)).rejects.toEqual(coded("TEST_APP_MISSING", "testApp()"));
    await expect(sent.get()).rejects.toEqual(coded("TEST_APP_MISSING"));
    await underTest(app);
    expect(await sent.state()).toBe("PENDING");
    expect(await add.delay(2, 2).get()).toBe(4);
  });

  it("that is no app is refused", async () => {
    await expect(testApp({} as never)).rejects.toEqual(coded("APP_NOT_FOUND"));
  });

  it("is not waited for by a run that outlives its test", async () => {
    const app = newApp();
    let signal: AbortSignal | undefined;
    const hang = app.bound("hang", (self) => {
      signal = self.signal;
      return new Promise<void>(() => {});
    });
    const t = await testApp(app, { mode: "worker" });
    await hang.delay();
    await t.drain();
    await t[Symbol.asyncDispose]();
    expect(signal?.aborted).toBe(true);
  });
});
