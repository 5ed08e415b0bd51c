/** A worker whose time is the test's: what runs, when, and how it ends. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { AppOptions, Task } from "celeriac";
import { describe, expect, it, onTestFinished } from "vitest";
import { coded, newApp, startsAt, underTest } from "../../../support/under-test.ts";

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
    await t.clock.set(startsAt);
    expect(t.clock.now()).toEqual(startsAt);
  });

  it("is through a year as soon as nothing happens in it", async () => {
    const app = newApp();
    const yearly = app.task("yearly", () => t.clock.now());
    const t = await underTest(app);
    await yearly.applyAsync([], { countdown: "365d" });
    await t.clock.advance("365d");
    expect((await t.waitFor(yearly, "SUCCESS")).value).toBe("2027-03-01T08:00:00.000Z");
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

  it("hears that a task is aborted, revoked or to be terminated", async () => {
    const app = newApp();
    const heeds = app.bound("heeds", async (self) => {
      await new Promise((_resolve, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
    });
    const hangs = app.task("hangs", () => new Promise<void>(() => {}));
    const t = await underTest(app);
    const [aborted, terminated, later] = [await heeds.delay(), await hangs.delay(), await heeds.applyAsync([], { countdown: "1h" })];
    await t.drain();
    await aborted.abort("enough");
    await terminated.revoke({ terminate: true });
    await later.revoke();
    await t.clock.advance("2h");
    const ends = await Promise.all([aborted, terminated, later].map((sent) => sent.snapshot()));
    expect(ends.map((end) => end.state === "REVOKED" && end.error.reason)).toEqual(["enough", "terminated", "revoked"]);
  });

  it("waits for what a task still does for real when its soft limit has come", async () => {
    const app = newApp();
    const tidy = app.bound("tidy", { softTimeLimit: "30s" }, async (self) => {
      await new Promise((resolve) => self.signal.addEventListener("abort", resolve));
      await readFile(import.meta.filename);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return t.clock.now();
    });
    const t = await underTest(app);
    await tidy.delay();
    await t.clock.advance("1h");
    expect((await t.waitFor(tidy, "SUCCESS")).value).toBe("2026-03-01T08:00:30.000Z");
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

  it("says which queue nobody serves, and that a task was never sent", async () => {
    const app = newApp();
    const far = app.task("far", () => 1);
    const t = await underTest(app);
    await expect(t.waitFor(far, "SUCCESS")).rejects.toEqual(coded("TEST_STUCK", "none was sent"));
    await far.applyAsync([], { queue: "far" });
    await expect(t.waitFor(far, "SUCCESS")).rejects.toEqual(coded("TEST_STUCK", "does not serve far"));
    await far.applyAsync([], { ignoreResult: true });
    await expect(t.waitFor(far, "SUCCESS")).rejects.toEqual(coded("TEST_STUCK", "is PENDING"));
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
