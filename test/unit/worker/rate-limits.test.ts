/** Rate limits on a clock of their own: the rate is met, others pass, and neither memory nor the broker is filled with what waits. */

import type { RateLimit } from "@celeriac/core";
import { describe, expect, it } from "vitest";
import { startWalk, succeeded, type Walk } from "../../support/walk.ts";

type Options = NonNullable<Parameters<typeof startWalk>[0]>;

/** A worker of the tasks "limited" and "free", with a broker that keeps what is put off until it is due, in whole seconds if `seconds`. */
function stage(rateLimit: RateLimit | null, { seconds = false, ...options }: Options & { readonly seconds?: boolean } = {}) {
  const walk = startWalk(options);
  walk.app.task("limited", { rateLimit }, () => 1);
  walk.app.task("free", () => 1);
  const began: { readonly task: string; readonly id: string; readonly atMs: number }[] = [];
  const counts = { putOff: 0, mostHeld: 0 };
  const startedAt = walk.clock.monotonic();
  const send = (task: string, id: string): void => {
    walk.deliver(task, {
      id,
      settled({ then }) {
        if (then.kind !== "requeue") return;
        counts.putOff++;
        const afterMs = seconds ? Math.floor(then.afterMs! / 1_000) * 1_000 : then.afterMs!;
        walk.clock.after(afterMs, () => send(task, id));
      },
    });
  };
  return {
    walk,
    began,
    counts,
    send,
    sendMany(task: string, count: number) {
      for (let n = 0; n < count; n++) send(task, `${task}${n}`);
    },
    /** Lets time pass; what begins ends at once. */
    async pass(ms: number) {
      for (const end = walk.clock.monotonic() + ms; walk.clock.monotonic() < end; ) {
        await walk.clock.advance(5);
        counts.mostHeld = Math.max(counts.mostHeld, walk.aside.allowance);
        await endAll(walk, (run) => began.push({ ...run, atMs: walk.clock.monotonic() - startedAt }));
      }
    },
  };
}

async function endAll(walk: Walk, began: (run: { readonly task: string; readonly id: string }) => void): Promise<void> {
  while (walk.running.length > 0) {
    const { task, id } = walk.running[0]!;
    began({ task, id });
    await walk.end(succeeded(1));
  }
}

describe("a task with a rate limit", () => {
  it.each([false, true])("meets its rate evenly, holds little and puts off little (whole seconds: %s)", async (seconds) => {
    const { began, counts, sendMany, pass } = stage("20/s", { seconds });
    sendMany("limited", 1_000);
    await pass(50_000);
    expect(new Set(began.map(({ id }) => id)).size).toBe(1_000);
    const gaps = began.slice(1).map(({ atMs }, index) => atMs - began[index]!.atMs);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(45);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(100);
    // Each waits in the broker some times, more often the more wait before it.
    expect(counts.putOff).toBeLessThan(5_000);
    expect(counts.mostHeld).toBeLessThan(150);
  });

  it("that is sent now and then begins at once, and waits for its turn otherwise", async () => {
    const { began, send, pass } = stage("2/s");
    send("limited", "a");
    await pass(2_000);
    send("limited", "b");
    send("limited", "c");
    await pass(1_000);
    expect(began.map(({ id, atMs }) => [id, atMs])).toEqual([
      ["a", 5],
      ["b", 2_005],
      ["c", 2_500],
    ]);
  });

  it("of one in a minute waits in the broker, and begins when its minute is over", async () => {
    const { began, counts, sendMany, pass } = stage("1/m", { seconds: true });
    sendMany("limited", 6);
    await pass(301_000);
    expect(began.map(({ atMs }) => Math.floor(atMs / 1_000))).toEqual([0, 60, 120, 180, 240, 300]);
    expect(counts.putOff).toBeLessThan(60);
  });

  it("does not hold up others, however many wait", async () => {
    const { began, sendMany, pass } = stage(1);
    sendMany("limited", 2_000);
    sendMany("free", 10);
    await pass(5);
    expect(began.filter(({ task }) => task === "free")).toHaveLength(10);
  });

  it("runs with the app's rate where it has none, and without any where limits are disabled", async () => {
    const config = { taskDefaultRateLimit: "1/s" } as const;
    const byDefault = stage(0, { config });
    byDefault.sendMany("limited", 5);
    byDefault.sendMany("free", 5);
    await byDefault.pass(500);
    expect(byDefault.began.map(({ task }) => task)).toEqual([...Array(5).fill("limited"), "free"]);
    const disabled = stage("1/h", { config: { ...config, workerDisableRateLimits: true } });
    disabled.sendMany("limited", 5);
    disabled.sendMany("free", 5);
    await disabled.pass(5);
    expect(disabled.began).toHaveLength(10);
  });

  it("begins no more than the pool wants, and as soon as it does", async () => {
    const { walk, send } = stage("10/s", { demand: 1 });
    send("limited", "a");
    send("limited", "b");
    await walk.clock.advance(5_000);
    expect(walk.running.map(({ id }) => id)).toEqual(["a"]);
    await walk.end(succeeded(1));
    expect(walk.running.map(({ id }) => id)).toEqual(["b"]);
  });

  it("asks anew when its rate is changed, and begins at once when it has none any more", async () => {
    const { walk, began, sendMany, pass } = stage("1/h");
    sendMany("limited", 30);
    await pass(1_000);
    expect(began).toHaveLength(1);
    // All but the first were put off: they come back in their time.
    walk.limits.set("limited", "2/s");
    sendMany("limited", 10);
    await pass(3_900);
    expect(began).toHaveLength(1 + 1 + 7);
    expect(walk.limits.waiting().length).toBeGreaterThan(0);
    walk.limits.set("limited", 0);
    await pass(5);
    expect(walk.limits.waiting()).toEqual([]);
    expect(walk.limits.limitOf("limited")).toBe(0);
    sendMany("limited", 5);
    await pass(5);
    expect(began.slice(-5).every(({ atMs }) => atMs >= 4_900)).toBe(true);
    await pass(600_000);
    expect(began).toHaveLength(45);
  });

  it("expires while it waits for its turn", async () => {
    const { walk, send } = stage("1/s");
    send("limited", "a");
    const settlements = walk.deliver("limited", { headers: { expires: new Date(walk.clock.now() + 500).toISOString() } });
    await walk.clock.advance(1_000);
    expect(walk.running).toHaveLength(1);
    expect(settlements).toMatchObject([{ results: [{ state: "REVOKED" }] }]);
  });

  it("is handed back, uncounted, when its worker stops", async () => {
    const { walk, send } = stage("1/s");
    send("limited", "a");
    const settlements = walk.deliver("limited");
    await walk.clock.advance(0);
    expect(settlements).toEqual([]);
    walk.limits.handBack();
    await walk.clock.advance(0);
    expect(settlements).toEqual([{ results: [], publish: [], then: { kind: "requeue", counted: false } }]);
    await walk.end(succeeded(1));
    await walk.consumer.idle();
  });
});
