/** How a test takes an app, changes its tasks, and gives it back. */
import { every, TaskError } from "celeriac";
import { createBeat } from "celeriac/beat";
import { testApp } from "celeriac/testing";
import { describe, expect, it } from "vitest";
import { coded, newApp, underTest } from "../../../support/under-test.ts";

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

describe("a schedule under test", () => {
  it("is kept in the test's memory, and sent by a beat on the test's clock", async () => {
    const app = newApp();
    const ping = app.task("ping", () => "pong");
    app.schedule("often", every("10m"), ping.s());
    {
      await using t = await testApp(app, { mode: "fake", now: new Date("2026-03-01T08:00:00Z") });
      expect(await app.schedules.upsert("added", every("1h"), ping.s())).toMatchObject({ nextRunAt: new Date("2026-03-01T09:00:00Z") });
      await using beat = createBeat(app, { failover: "1h" });
      await beat.start();
      await t.clock.advance("61m");
      expect(t.enqueued(ping)).toHaveLength(7);
    }
    await expect(app.schedules.get("added")).rejects.toMatchObject({ code: "TEST_APP_MISSING" });
  });
});
