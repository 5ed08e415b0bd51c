/**
 * Schedulers that die at any point of their round, as by kill -9: the next one adopts what they had queued, every instance ends, and none runs twice
 * at a time. Each dies among instances that others died over: one that was queued and never sent, one whose message vanished, one that its executor
 * lost, and one whose worker died.
 */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Executor, QueuedInstance } from "../../packages/airflow-bridge/src/dag/executors/executor.ts";
import { armFailpoints, type DagFailpointName, dagFailpointNames } from "../../packages/airflow-bridge/src/dag/failpoint.ts";
import type { DagModel, Work } from "../../packages/airflow-bridge/src/dag/model.ts";
import { createScheduler } from "../../packages/airflow-bridge/src/dag/scheduler/scheduler.ts";
import type { DagStore } from "../../packages/airflow-bridge/src/dag/store/store.ts";
import { type Service, silentLogger } from "../../packages/core/src/runtime.ts";
import { dagModel, placeOf } from "../support/dag/model.ts";
import { addRun, createWorkers, type Fate, fastScheduler, runnerParts, statesOf, type Workers } from "../support/dag/scheduling.ts";
import { openMemoryStore } from "../support/dag/stage.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const hour = 3_600_000;
/** Of a time that passes only when it is told to: nobody is silent because the machine is busy. */
const settings = { ...fastScheduler, deadAfterMs: 30, silentAfterMs: 60, queuedTimeoutMs: 60 };
/** of the first message, or the first try */
const fates: Readonly<Record<string, Fate>> = { deaf: "vanishes", orphan: "lost", frail: "dies" };

interface World {
  readonly clock: FakeClock;
  readonly store: DagStore;
  readonly workers: Workers;
  /** instances that ran while another try of theirs did */
  readonly doubles: string[];
  /** tries of instances that ended well */
  readonly ends: string[];
  start(): Promise<{ die(): void }>;
}

let world: World;
const schedulers: Service[] = [];

beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  armFailpoints(new Map());
  for (const scheduler of schedulers.splice(0)) await scheduler.stop({ deadlineMs: 0 });
  await world.store.close();
});

async function createWorld(): Promise<World> {
  const clock = createFakeClock();
  const store = await openMemoryStore(clock);
  const [running, doubles, ends] = [new Set<string>(), [] as string[], [] as string[]];
  const work: Work = {
    kind: "run",
    async run(context) {
      const place = `${context.runId} ${placeOf(context)}`;
      if (running.has(place)) doubles.push(place);
      running.add(place);
      await clock.sleep(3);
      running.delete(place);
      ends.push(`${place} ${context.tryNumber}`);
      return { kind: "success", value: [1, 2] };
    },
  };
  const dag = dagModel(
    {
      ...{ deaf: { work }, orphan: { work }, frail: { work, retries: 1, retryDelayMs: 10 }, list: { work } },
      load: { work, after: ["list"], each: ["list"] },
      end: { work, after: ["load", "deaf", "orphan", "frail"] },
    },
    { schedule: { when: "@hourly", tz: "UTC", timetable: "trigger" }, startAt: clock.now() - 2 * hour, catchUp: true },
  );
  const seen = new Set<string>();
  const fateOf = ({ runId, taskId, tryNumber }: QueuedInstance): Fate => {
    const fate = fates[taskId] ?? "runs";
    if (fate === "dies") return tryNumber === 1 ? fate : "runs";
    const key = `${runId} ${taskId}`;
    return seen.size < seen.add(key).size ? fate : "runs";
  };
  const workers = createWorkers(runnerParts({ store, clock, dags: [dag] }), fateOf);
  return { clock, store, workers, doubles, ends, start: () => startScheduler({ clock, store, workers, dag }) };
}

interface SchedulerPlace extends Pick<World, "clock" | "store" | "workers"> {
  readonly dag: DagModel;
}

/** As a process: dead, it reaches nothing any more. */
async function startScheduler({ clock, store, workers, dag }: SchedulerPlace): Promise<{ die(): void }> {
  let dead = false;
  const alive = <T>(act: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Error("dead")) : act());
  const executor = workers.executor();
  const mine: Executor = {
    ...executor,
    slots: 3,
    queue: (instances) => alive(() => executor.queue(instances)),
    sync: () => alive(() => executor.sync()),
    adopt: (instances) => alive(() => executor.adopt(instances)),
  };
  const scheduler = createScheduler({
    store: { ...store, write: (body) => alive(() => store.write(body)), read: (body) => alive(() => store.read(body)) },
    ...{ executor: mine, settings, hostname: "here", clock, logger: silentLogger },
    dags: () => [dag],
  });
  schedulers.push(scheduler);
  await scheduler.start();
  return {
    die() {
      dead = true;
      void scheduler.stop({ deadlineMs: 0 });
    },
  };
}

/** Dies there at its n-th time; resolves when it has. */
async function dieAt(point: DagFailpointName): Promise<void> {
  let isDead = false;
  const killed = await world.start();
  armFailpoints(
    new Map([
      [
        point,
        () => {
          isDead = true;
          killed.die();
          throw new Error("killed");
        },
      ],
    ]),
  );
  for (let turn = 0; turn < 200 && !isDead; turn += 1) await world.clock.advance(10);
  armFailpoints(new Map());
  expect(isDead).toBe(true);
}

async function isOver(): Promise<boolean> {
  const runs = await world.store.read((tables) => tables.runs.list({ states: ["queued", "running"], limit: 10 }));
  return runs.length === 0;
}

it.each(dagFailpointNames)("at %s", async (point) => {
  const { clock, store, workers, doubles, ends } = world;
  // What this one had queued was never sent.
  await dieAt("queue.committed");
  await addRun(store, { runId: "manual__1", logicalDate: clock.now() });
  workers.open();
  await dieAt(point);
  await world.start();
  for (let turn = 0; turn < 300 && !(await isOver()); turn += 1) await clock.advance(10);

  const runs = await store.read((tables) => tables.runs.list({ limit: 10 }));
  expect(runs.map(({ state }) => state)).toEqual(["success", "success", "success"]);
  for (const run of runs) {
    expect(await statesOf(store, run)).toEqual({
      ...{ deaf: "success", orphan: "success", frail: "success", list: "success" },
      ...{ "load[0]": "success", "load[1]": "success", end: "success" },
    });
  }
  expect(doubles).toEqual([]);
  expect(new Set(ends).size).toBe(ends.length);
  expect(ends).toHaveLength(3 * 7);
  expect(ends.filter((end) => end.includes("frail")).toSorted()).toEqual(runs.map(({ runId }) => `${runId} frail 2`).toSorted());
});
