/** What becomes of tasks whose end no event has told: when they are looked after, what is believed of whom. */
import { expect, it } from "vitest";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { type Amendment, histogramBounds, type UnfinishedTask } from "../../../packages/flower/src/server/history/history.ts";
import { quiet, quietSecondsOf, quietTimes } from "../../../packages/flower/src/server/reconcile/quiet.ts";
import { createReconciling } from "../../../packages/flower/src/server/reconcile/reconciling.ts";
import { createFakeClock, quiet as settled } from "../../support/fake-clock.ts";

const w1 = "w1@box";

/** `runs`: seconds that nearly all tasks of a name took */
function typeOf(name: string, runs: number) {
  const run = new Array<number>(histogramBounds.length + 1).fill(0);
  run[histogramBounds.findIndex((bound) => bound >= runs)] = 100;
  return { name, run, at: 0, received: 0, succeeded: 100, failed: 0, retried: 0, revoked: 0, wait: [], lastAt: 0 };
}

/** A monitor that has not heard yet; `tasks` are what its history knows of, `stored` and `held` what is told when somebody asks. */
function open() {
  const clock = createFakeClock();
  const now = () => clock.now() / 1_000;
  const tasks = new Map<string, UnfinishedTask>();
  const amended = new Map<string, Amendment>();
  const stored = new Map<string, Amendment>();
  const held = { ids: new Set<string>(), workers: new Set<string>() };
  const asked: { readonly of: "backend" | "workers"; readonly ids: readonly string[] }[] = [];
  const online = new Set([w1]);
  const listeners: (() => void)[] = [];
  const trouble: { backend: Error | null } = { backend: null };
  let hearsSince: number | null = null;
  const reconciling = createReconciling({
    clock,
    logger: silentLogger,
    ear: {
      get hearsSince() {
        return hearsSince;
      },
      whenHearing: (called) => void listeners.push(called),
    },
    history: {
      async unfinished({ isBegun, after, limit }) {
        const open = [...tasks.values()].filter(({ uuid, state }) => !amended.has(uuid) && !(isBegun && state === "PENDING"));
        return open.slice(after === null ? 0 : open.findIndex(({ uuid }) => uuid === after.uuid) + 1).slice(0, limit);
      },
      amend: async (uuid, known) => void amended.set(uuid, known),
      workers: async () => [...online].map((hostname) => ({ hostname, online: true }) as never),
      types: async () => [typeOf("fast", 0.01), typeOf("slow", 1_800)],
    },
    evidence: {
      async ends(ids) {
        if (ids.length > 0) asked.push({ of: "backend", ids });
        if (trouble.backend !== null) throw trouble.backend;
        return new Map(ids.flatMap((id) => (stored.has(id) ? [[id, stored.get(id)!] as const] : [])));
      },
      async held(ids) {
        asked.push({ of: "workers", ids });
        return { ids: new Set(held.ids), workers: new Set(held.workers) };
      },
    },
  });
  return {
    clock,
    amended,
    stored,
    held,
    online,
    trouble,
    reconciling,
    /** What was asked since the last time. */
    takeAsked: () => asked.splice(0),
    begin(uuid: string, facts: Partial<UnfinishedTask> = {}) {
      tasks.set(uuid, { uuid, name: "fast", state: "STARTED", worker: w1, timestamp: now(), ...facts });
    },
    async hear() {
      hearsSince = now();
      for (const called of listeners) called();
      await settled();
    },
  };
}

const success: Amendment = { state: "SUCCESS", result: "3" };

it("looks up all that had not ended as soon as it hears, so many at once, and takes none of it for lost", async () => {
  const { begin, stored, hear, takeAsked, amended } = open();
  for (let n = 0; n < 450; n += 1) begin(`t${n}`, { state: n % 2 === 0 ? "PENDING" : "STARTED" });
  for (const id of ["t0", "t201", "t449"]) stored.set(id, success);
  await hear();
  expect(takeAsked().map(({ of, ids }) => [of, ids.length])).toEqual([
    ["backend", 200],
    ["backend", 200],
    ["backend", 50],
  ]);
  expect([...amended]).toEqual([
    ["t0", success],
    ["t201", success],
    ["t449", success],
  ]);
});

it("does so after each break, and again where it could not", async () => {
  const { begin, stored, hear, trouble, clock, amended, takeAsked } = open();
  await hear();
  begin("heard before");
  begin("sent before", { state: "PENDING" });
  for (const id of ["heard before", "sent before"]) stored.set(id, success);
  await clock.advance(10_000);
  expect(amended.size).toBe(0);
  trouble.backend = new Error("on its way back");
  await hear();
  expect(takeAsked()).toHaveLength(1);
  trouble.backend = null;
  await clock.advance(5_000);
  expect([...amended.keys()]).toEqual(["heard before", "sent before"]);
});

it("looks after a task when nothing is heard of it for longer than twice what its kind takes", async () => {
  const { begin, hear, clock, held, takeAsked } = open();
  await hear();
  for (const [uuid, name] of [
    ["fast", "fast"],
    ["slow", "slow"],
    ["unknown", null],
  ] as const)
    begin(uuid, { name });
  begin("received", { state: "RECEIVED" });
  begin("sent", { state: "PENDING" });
  for (const id of ["fast", "slow", "unknown", "received"]) held.ids.add(id);
  const beganAt = clock.now();
  const askedAfter = new Map<string, number>();
  for (let minute = 1; minute <= 62; minute += 1) {
    await clock.advance(60_000);
    const ids = takeAsked().flatMap(({ of, ids }) => (of === "workers" ? ids : []));
    for (const id of ids) if (!askedAfter.has(id)) askedAfter.set(id, (clock.now() - beganAt) / 60_000);
  }
  expect(Object.fromEntries(askedAfter)).toEqual({ fast: 2, unknown: 11, received: 11, slow: 60 });
});

it("asks of what a worker says it has no sooner than that was silent once more", async () => {
  const { begin, hear, clock, held, takeAsked, amended } = open();
  await hear();
  begin("held", { name: null });
  held.ids.add("held");
  const asked: number[] = [];
  for (let minute = 1; minute <= 30; minute += 1) {
    await clock.advance(60_000);
    if (takeAsked().some(({ of }) => of === "workers")) asked.push(minute);
  }
  expect(asked).toEqual([11, 22]);
  expect(amended.size).toBe(0);
});

it("takes for lost at once what its own worker does not have any more", async () => {
  const { begin, hear, clock, held, amended } = open();
  for (const uuid of ["gone", "of another"]) begin(uuid, { worker: uuid === "gone" ? w1 : "w2@box" });
  begin("new", { timestamp: clock.now() / 1_000 + 100 });
  await clock.advance(120_000);
  held.workers.add(w1);
  await hear();
  expect(Object.fromEntries(amended)).toEqual({ gone: { lostAt: clock.now() / 1_000 } });
});

it("believes the silence of workers when they had time to come back, and then that those are gone of which nothing is heard", async () => {
  const { begin, hear, clock, amended, online } = open();
  online.clear();
  await hear();
  begin("its worker is gone", { name: "slow" });
  await clock.advance(59_000);
  expect(amended.size).toBe(0);
  await clock.advance(1_000);
  expect(Object.fromEntries(amended)).toEqual({ "its worker is gone": { lostAt: clock.now() / 1_000 } });
});

it("takes nothing for lost that has ended while workers were asked", async () => {
  const { begin, hear, clock, held, stored, amended, reconciling } = open();
  begin("ending");
  await hear();
  await clock.advance(59_999);
  Object.defineProperty(held, "ids", {
    get() {
      stored.set("ending", success);
      return new Set();
    },
  });
  await clock.advance(60_002);
  expect(Object.fromEntries(amended)).toEqual({ ending: success });
  reconciling.close();
  expect(clock.pending).toBe(0);
});

it("waits for a minute at the least, eight hours at the most", () => {
  const times = quietTimes([typeOf("fast", 0.01), typeOf("slow", 1_800), typeOf("slowest", 14_400), { name: "never", run: [0] }]);
  const quietOf = (name: string | null, state = "STARTED") => quietSecondsOf({ name, state }, times);
  expect(quietOf("fast")).toBe(quiet.least);
  expect(quietOf("slow")).toBeCloseTo(2 * 1_788);
  expect(quietOf("slowest")).toBeCloseTo(28_584);
  expect(quietSecondsOf({ name: "over", state: "STARTED" }, quietTimes([{ name: "over", run: [...new Array(19).fill(0), 1] }]))).toBe(
    quiet.most,
  );
  for (const name of ["never", "new", null]) expect(quietOf(name)).toBe(quiet.unknown);
  expect(quietOf("fast", "RECEIVED")).toBe(quiet.unknown);
  expect(quietOf("slow", "RECEIVED")).toBeCloseTo(2 * 1_788);
  for (const state of ["PENDING", "RETRY"]) expect(quietOf("fast", state)).toBeNull();
});
