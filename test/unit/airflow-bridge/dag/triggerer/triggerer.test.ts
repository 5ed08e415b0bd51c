import { describe, expect, onTestFinished, test } from "vitest";
import type { Wait, Work, WorkContext } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { createTriggerer } from "../../../../../packages/airflow-bridge/src/dag/triggerer/triggerer.ts";
import { type Clock, type Logger, type Service, silentLogger, systemClock } from "../../../../../packages/core/src/runtime.ts";
import type { TaskSketch } from "../../../../support/dag/model.ts";
import { openStage, type Stage } from "../../../../support/dag/stage.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

const fast = { roundMs: 5, claimMs: 60_000, atOnce: 1_000 };
const wait = (poke: (context: WorkContext) => Promise<unknown>, more: Partial<Wait> = {}): Work => ({
  ...{ kind: "wait", mode: "defer", intervalMs: 5, timeoutMs: null, softFail: false, poke },
  ...more,
});

async function start(stage: Stage, settings = fast): Promise<Service> {
  const triggerer = createTriggerer(stage.parts, settings);
  await triggerer.start();
  onTestFinished(() => triggerer.stop());
  return triggerer;
}

/** As the runner leaves it after its first look. */
async function deferred(sketch: TaskSketch, count = 1, clock: Clock = systemClock): Promise<Stage> {
  const ids = Array.from({ length: count }, (_, at) => `t${at}`);
  const stage = await openStage(Object.fromEntries(ids.map((id) => [id, sketch])), { clock });
  for (const id of ids) {
    await stage.queue(id);
    await stage.set(id, { state: "deferred", firstStartedAt: 0, startedAt: 0, nextAt: 0 });
  }
  return stage;
}

const stateOf = (stage: Stage) => async () => (await stage.row("t0")).state;

describe("a deferred wait", () => {
  test("is looked at until there is a value, and ends with it", async () => {
    let looks = 0;
    const stage = await deferred({ work: wait(async ({ taskId }) => ++looks === 3 && { taskId }) });
    await start(stage);
    await expect.poll(stateOf(stage)).toBe("success");
    expect([looks, await stage.xcom("t0"), (await stage.row("t0")).tryNumber]).toEqual([3, { taskId: "t0" }, 1]);
    expect(await stage.store.read(({ tries }) => tries.ofRun(stage.place("t0")))).toMatchObject([{ state: "success", startedAt: 0 }]);
  });

  test("has the fields of its instance in its log, and no secret that it has read", async () => {
    const said: unknown[] = [];
    const poke = async ({ connection, log }: WorkContext) => {
      log.info(`asks with ${(await connection("api")).password}`);
      return true;
    };
    const stage = await deferred({ work: wait(poke) });
    const logger: Logger = { ...silentLogger, info: (message, fields) => void said.push([message, fields]) };
    await start({ ...stage, parts: { ...stage.parts, logger, environment: { AIRFLOW_CONN_API: "http://:triggerer-pw@h" } } });
    await expect.poll(stateOf(stage)).toBe("success");
    expect(said).toEqual([["asks with ********", expect.objectContaining({ dagId: "etl", taskId: "t0", tryNumber: 1 })]]);
  });

  test("that takes too long fails without another try, or is skipped", async () => {
    for (const [softFail, state] of [
      [false, "failed"],
      [true, "skipped"],
    ] as const) {
      const stage = await deferred({ retries: 3, work: wait(async () => false, { timeoutMs: 1, softFail }) });
      await start(stage);
      await expect.poll(stateOf(stage)).toBe(state);
    }
  });

  test("whose look throws fails its try", async () => {
    const stage = await deferred({ retries: 1, work: wait(() => Promise.reject(new Error("403"))) });
    await start(stage);
    await expect.poll(stateOf(stage)).toBe("up_for_retry");
    expect((await stage.row("t0")).reason).toBe("403");
  });

  test("that was marked meanwhile is told so, and stays as it was marked", async () => {
    let aborted = false;
    const poke = ({ signal }: WorkContext) =>
      new Promise((_, stop) =>
        signal.addEventListener("abort", () => {
          aborted = true;
          stop(signal.reason);
        }),
      );
    const stage = await deferred({ work: wait(poke) });
    await start(stage, { ...fast, claimMs: 30 });
    await expect.poll(async () => (await stage.row("t0")).externalId).not.toContain("manual");
    await stage.set("t0", { state: "success", reason: "by hand" });
    await expect.poll(() => aborted).toBe(true);
    expect(await stage.row("t0")).toMatchObject({ state: "success", reason: "by hand" });
  });
});

describe("several triggerers", () => {
  test("never look at the same wait at once, nor for longer than its claim", async () => {
    let now = 0;
    let most = 0;
    let looks = 0;
    const poke = async ({ clock }: WorkContext) => {
      most = Math.max(most, ++now);
      await clock.sleep(60_000);
      now--;
      return ++looks >= 4;
    };
    const clock = createFakeClock(0);
    const stage = await deferred({ work: wait(poke) }, 1, clock);
    // Claims are shorter than a look: they are kept.
    await Promise.all([1, 2, 3].map(() => start(stage, { ...fast, roundMs: 1_000, claimMs: 45_000 })));
    await clock.advance(260_000);
    expect((await stage.row("t0")).state).toBe("success");
    expect([most, looks]).toEqual([1, 4]);
  });

  test("take over the claim of one that died, when it is over, and at once of one that stops", async () => {
    let looks = 0;
    const poke = async ({ signal }: WorkContext) => {
      if (++looks > 1) return true;
      await new Promise((_, stop) => signal.addEventListener("abort", () => stop(signal.reason)));
      return false;
    };
    const stage = await deferred({ work: wait(poke) });
    await stage.set("t0", { externalId: "of one that died", nextAt: Date.now() + 30 });
    const first = await start(stage);
    await expect.poll(() => looks).toBe(1);
    await first.stop();
    expect(await stage.row("t0")).toMatchObject({ state: "deferred", externalId: null });
    await start(stage);
    await expect.poll(stateOf(stage)).toBe("success");
  });
});

test("looks at many waits at once, in one process", async () => {
  const count = 200;
  let looking = 0;
  let begin = () => {};
  const allLook = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const poke = async () => {
    if (++looking === count) begin();
    await allLook;
    return true;
  };
  const stage = await deferred({ work: wait(poke) }, count);
  await start(stage);
  await expect.poll(async () => (await stage.store.read(({ instances }) => instances.inStates(["deferred"]))).length).toBe(0);
  expect(looking).toBe(count);
});
