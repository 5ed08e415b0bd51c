import { describe, expect, test } from "vitest";
import type { WorkContext } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import type { TaskSketch } from "../../../../support/dag/model.ts";
import { fastRunner, openStage } from "../../../../support/dag/stage.ts";
import { runOnce } from "../../../../support/dag/works.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

describe("a wait", () => {
  const wait = (mode: "poke" | "reschedule" | "defer", poke: (context: WorkContext) => Promise<unknown>, more: object = {}) =>
    ({ kind: "wait", mode, intervalMs: 60_000, timeoutMs: 150_000, softFail: false, poke, ...more }) as const;
  const settings = { ...fastRunner, heartbeatMs: 3_600_000 };

  async function staged(sketch: TaskSketch) {
    const clock = createFakeClock(0);
    return { clock, stage: await openStage({ t: sketch }, { clock, parts: { settings } }) };
  }

  test("that pokes holds its slot until there is a value", async () => {
    let looks = 0;
    const { clock, stage } = await staged({ work: wait("poke", async () => ++looks === 3 && { path: "p" }) });
    const ended = runOnce(stage, "t");
    await clock.advance(59_999);
    expect([looks, (await stage.row("t")).state]).toEqual([1, "running"]);
    await clock.advance(60_001);
    expect(await ended).toMatchObject({ state: "success" });
    expect(await stage.xcom("t")).toEqual({ path: "p" });
  });

  test.each([
    ["reschedule", "up_for_reschedule"],
    ["defer", "deferred"],
  ] as const)("in mode %s gives its slot back between two looks of one try", async (mode, state) => {
    let looks = 0;
    const { clock, stage } = await staged({ work: wait(mode, async () => ++looks === 2) });
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state, tryNumber: 1, nextAt: 60_000, endedAt: null, firstStartedAt: 0 });
    expect(await stage.store.read(({ tries }) => tries.ofRun(stage.place("t")))).toEqual([]);
    await clock.advance(60_000);
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state: "success", tryNumber: 1, startedAt: 60_000, firstStartedAt: 0 });
  });

  test.each([
    ["poke", false, "failed"],
    ["reschedule", true, "skipped"],
  ] as const)(
    "whose poke does not come back ends one interval after its timeout, in mode %s and with softFail %s as %s",
    async (mode, softFail, state) => {
      let told: unknown = null;
      let looks = 0;
      const poke = ({ signal }: WorkContext) => {
        signal.addEventListener("abort", () => {
          told = signal.reason;
        });
        return ++looks === 1 ? Promise.resolve(false) : new Promise(() => {});
      };
      const { clock, stage } = await staged({ retries: 2, work: wait(mode, poke, { softFail }) });
      const first = runOnce(stage, "t");
      if (mode === "reschedule") await first;
      await clock.advance(60_000);
      const ended = mode === "poke" ? first : runOnce(stage, "t");
      await clock.advance(149_999);
      expect([looks, told]).toEqual([2, null]);
      await clock.advance(1 + fastRunner.graceMs);
      expect(await ended).toMatchObject({ state, heeded: false });
      expect(told).toMatchObject({ kind: "timeout", message: "it waited for longer than its timeout (150000 ms)" });
      expect(await stage.row("t")).toMatchObject({ state, reason: "it waited for longer than its timeout (150000 ms)" });
    },
  );

  test.each([
    [false, "failed"],
    [true, "skipped"],
  ] as const)("that takes too long over all its looks, with softFail %s, ends as %s without another try", async (softFail, state) => {
    const { clock, stage } = await staged({ retries: 2, work: wait("reschedule", async () => false, { softFail }) });
    for (const [at, waits] of [
      [0, 60_000],
      [60_000, 60_000],
      [120_000, 30_000],
    ] as const) {
      await runOnce(stage, "t");
      expect(await stage.row("t")).toMatchObject({ state: "up_for_reschedule", nextAt: at + waits });
      await clock.advance(waits);
    }
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state, reason: "it waited for longer than its timeout (150000 ms)" });
  });

  test("whose look fails, fails its try", async () => {
    const { stage } = await staged({ retries: 1, work: wait("reschedule", () => Promise.reject(new Error("403"))) });
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state: "up_for_retry", reason: "403" });
  });

  test.each([
    ["skip", false, "skipped"],
    ["fail", false, "failed"],
    ["fail", true, "skipped"],
  ] as const)("whose look says %s, with softFail %s, ends as %s without another try", async (verb, softFail, state) => {
    const { stage } = await staged({ retries: 2, work: wait("defer", async (run) => run[verb]("no such bucket"), { softFail }) });
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state, reason: "no such bucket", tryNumber: 1 });
  });

  test("that pokes is interrupted between two looks", async () => {
    const abort = new AbortController();
    const { clock, stage } = await staged({ work: wait("poke", async () => false) });
    const ended = runOnce(stage, "t", abort.signal);
    await clock.advance(1);
    abort.abort();
    await clock.advance(1);
    expect(await ended).toMatchObject({ state: "up_for_reschedule" });
  });
});
