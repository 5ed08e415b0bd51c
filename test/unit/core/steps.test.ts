/** Steps of a task: done once, whatever becomes of the run that did them. */
import { createApp } from "celeriac";
import { describe, expect, it } from "vitest";
import { runStep, type StepStore } from "../../../packages/core/src/steps.ts";
import { startExecution } from "../../support/execution.ts";
import { coded, newApp, underTest } from "../../support/under-test.ts";

describe("a step", () => {
  it("is done once: a retry and another delivery get what it gave", async () => {
    const app = newApp();
    const done: string[] = [];
    const order = app.bound("order", { autoretryFor: [TypeError], retryBackoff: "1m", retryJitter: false }, async (self, n: number) => {
      const paid = await self.step("pay", () => done.push(`pay ${n}`));
      const sent = await self.step("send", async () => {
        done.push(`try to send ${n}`);
        if (self.request.retries === 0) throw new TypeError("away");
        return { sent: n };
      });
      return [paid, sent];
    });
    const t = await underTest(app);
    t.crash(order, { times: 1 });
    await order.delay(1);
    await t.clock.advance("1m");
    expect((await t.waitFor(order, "SUCCESS")).value).toEqual([1, { sent: 1 }]);
    expect(done).toEqual(["pay 1", "try to send 1", "try to send 1"]);
    // Of another task it knows nothing.
    await order.delay(2);
    await t.clock.advance("1m");
    expect(done).toContain("pay 2");
  });

  it("is remembered when it has ended, by a run that comes to nothing", async () => {
    const app = newApp();
    let count = 0;
    const hang = app.bound("hang", { timeLimit: "10s", acksOnTimeout: true }, async (self) => {
      await self.step("count", () => ++count);
      await new Promise(() => {});
    });
    const t = await underTest(app);
    const { id } = await hang.delay();
    await t.drain();
    expect((await app.result(`${id}.step.count`).snapshot()).state).toBe("SUCCESS");
    await t.clock.advance("10s");
    expect((await t.waitFor(hang, "FAILURE")).error.code).toBe("TASK_TIME_LIMIT");
    await t.clock.advance("1d");
    expect((await app.result(`${id}.step.count`).snapshot()).state).toBe("PENDING");
  });

  it("gives what was stored first, in the form in which it was stored", async () => {
    const texts = new Map<string, string>();
    const store: StepStore = {
      connect: async () => {},
      get: async (id) => texts.get(id) ?? null,
      async store({ taskId, text }) {
        if (texts.has(taskId)) return "superseded";
        texts.set(taskId, text);
        return "stored";
      },
    };
    const place = { taskId: "id-1", nowMs: 0, expiresMs: null };
    const late = runStep(store, place, "s", async () => {
      expect(await runStep(store, place, "s", () => ({ at: new Date(0), none: undefined }))).toEqual({ at: "1970-01-01T00:00:00.000Z" });
      return "late";
    });
    expect(await late).toEqual({ at: "1970-01-01T00:00:00.000Z" });
    await expect(runStep(store, place, "f", () => () => {})).rejects.toEqual(coded("PUBLISH_ENCODE", "step f"));
  });

  it("has a name, of its own in each run", async () => {
    const { app, run } = startExecution();
    let late: (() => Promise<unknown>) | null = null;
    const refused = async (self: { step(name: string, body: () => unknown): Promise<unknown> }, name: unknown) => {
      late = () => self.step("late", () => 1);
      return await self.step(name as string, () => 1);
    };
    app.bound("named", refused);
    for (const name of ["", " ", 3, "n".repeat(101)])
      expect(await run("named", { args: [name] })).toMatchObject({
        kind: "failed",
        error: { args: [expect.stringContaining("1 to 100 characters")] },
      });
    await expect(late!()).rejects.toEqual(coded("TASK_CONTEXT", "after the task had ended"));
    const twice = app.bound("twice", async (self) => [await self.step("a", () => 1), await self.step("a", () => 2)]);
    await expect(twice()).rejects.toEqual(coded("TASK_CONTEXT", "a step of that name"));
  });

  it.each([
    ["results are disabled", { broker: "sqlite:///nowhere/steps.db", backend: "disabled" }],
    ["rpc://", { broker: "amqp://127.0.0.1:1" }],
  ])("is refused where nothing keeps it: %s", async (where, options) => {
    const { run } = startExecution({}, (config) => {
      const app = createApp("unit", { ...options, config });
      app.bound("step", (self) => self.step("a", () => 1));
      return app;
    });
    expect(await run("step")).toMatchObject({ kind: "failed", error: { args: [expect.stringContaining(where)] } });
  });

  it("runs where the task runs, when it is called or applied", async () => {
    const app = newApp();
    let count = 0;
    const flaky = app.bound("flaky", { autoretryFor: [TypeError] }, async (self) => {
      const counted = await self.step("count", () => ++count);
      if (self.request.isEager && self.request.retries < 2 && self.request.queue !== "") throw new TypeError("again");
      return counted;
    });
    expect(await flaky()).toBe(1);
    expect(await flaky.apply([])).toEqual({ state: "SUCCESS", value: 2 });
    expect(count).toBe(2);
  });
});
