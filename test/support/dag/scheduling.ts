/** Schedulers on a store, and workers beside them that outlive each: a message goes from a scheduler's executor to them, as through a broker. */

import { resolveInputs } from "../../../packages/airflow-bridge/src/dag/decision/resolve-inputs.ts";
import { createEventBuffer, type EventBuffer } from "../../../packages/airflow-bridge/src/dag/executors/event-buffer.ts";
import type { Executor, QueuedInstance } from "../../../packages/airflow-bridge/src/dag/executors/executor.ts";
import { createOpenHooks } from "../../../packages/airflow-bridge/src/dag/hooks/open-hooks.ts";
import type { DagModel } from "../../../packages/airflow-bridge/src/dag/model.ts";
import type { InstanceRecord, RunPlace, RunRecord } from "../../../packages/airflow-bridge/src/dag/records.ts";
import { readRunValues } from "../../../packages/airflow-bridge/src/dag/runner/run-values.ts";
import { type RunnerParts, runInstance } from "../../../packages/airflow-bridge/src/dag/runner/runner.ts";
import { beginTry } from "../../../packages/airflow-bridge/src/dag/runner/try-begin.ts";
import type { SchedulerSettings } from "../../../packages/airflow-bridge/src/dag/scheduler/scheduler-settings.ts";
import type { DagStore } from "../../../packages/airflow-bridge/src/dag/store/store.ts";
import { type Clock, silentLogger } from "../../../packages/core/src/runtime.ts";
import { placeOf, runRecord } from "./model.ts";

export const fastScheduler: SchedulerSettings = {
  idleMs: 20,
  queueAtOnce: 16,
  heartbeatMs: 20,
  deadAfterMs: 200,
  silentAfterMs: 500,
  queuedTimeoutMs: 60_000,
  maxXcomBytes: 1_048_576,
  maxMapLength: 1_024,
};

export interface RunnerOptions {
  readonly store: DagStore;
  readonly clock: Clock;
  readonly dags: readonly DagModel[];
}

export function runnerParts({ store, clock, dags }: RunnerOptions): RunnerParts {
  return {
    store,
    clock,
    logger: silentLogger,
    hostname: "here",
    environment: {},
    settings: { heartbeatMs: 100, graceMs: 50, maxXcomBytes: 1_048_576, endRetryMs: 5_000 },
    runs: { trigger: async () => {}, find: async () => null },
    hooks: createOpenHooks({ clock, logger: silentLogger }),
    handBack: "up_for_reschedule",
    findDag: (id) => dags.find((dag) => dag.id === id),
    freshen: async () => {},
    resolve: async (tables, dag, task, run, mapIndex) =>
      resolveInputs(task.inputs, await readRunValues(tables, task.inputs, dag, run), mapIndex),
    runTask: async () => null,
  };
}

/** What becomes of an instance that is sent: it runs, its message vanishes, its executor says that it is lost, or its worker dies over it. */
export type Fate = "runs" | "vanishes" | "lost" | "dies";

/** Who runs what any scheduler has sent. */
export interface Workers {
  /** of one scheduler; `slots`: how many it may have out */
  executor(slots?: number): Executor;
  /** What was sent and not begun yet, in the order of sending. */
  readonly waiting: readonly QueuedInstance[];
  /** Takes one of those and runs it. */
  run(instance: QueuedInstance): Promise<void>;
  /** Runs what is sent from now on, as it comes. */
  open(): void;
  /** "task try", in the order of beginning */
  readonly begun: readonly string[];
  /** the most that ran at a time */
  readonly peak: number;
}

export function createWorkers(parts: RunnerParts, fateOf: (instance: QueuedInstance) => Fate = () => "runs"): Workers {
  const waiting: QueuedInstance[] = [];
  const begun: string[] = [];
  const buffers: EventBuffer[] = [];
  let [isOpen, running, peak] = [false, 0, 0];
  const run = async (instance: QueuedInstance) => {
    const at = waiting.indexOf(instance);
    if (at >= 0) waiting.splice(at, 1);
    if (fateOf(instance) === "dies") {
      const began = { now: parts.clock.now(), hostname: "there" };
      return void (await parts.store.write((tables) => beginTry(tables, instance, instance.externalId, began)));
    }
    let began = false;
    await runInstance(instance, instance.externalId, parts, new AbortController().signal, () => {
      began = true;
      begun.push(`${placeOf(instance)} ${instance.tryNumber}`);
      peak = Math.max(peak, ++running);
    });
    if (began) running -= 1;
    for (const buffer of buffers) buffer.tell();
  };
  return {
    waiting,
    begun,
    run,
    get peak() {
      return peak;
    },
    open() {
      isOpen = true;
      for (const instance of [...waiting]) void run(instance);
    },
    executor(slots = 100) {
      const events = createEventBuffer();
      buffers.push(events);
      return {
        name: "celery",
        get slots() {
          return Math.max(0, slots - running - waiting.length);
        },
        async start() {},
        async queue(instances) {
          for (const instance of instances) {
            const fate = fateOf(instance);
            if (fate === "lost") events.add({ instance, kind: "lost", reason: "the broker did not take it" });
            else if (fate !== "vanishes") waiting.push(instance);
          }
          if (isOpen) for (const instance of [...waiting]) void run(instance);
        },
        sync: async () => events.take(),
        // As through a broker: what is there is not lost, and what is not was never sent.
        async adopt(instances) {
          const sent = new Set(waiting.map(({ externalId }) => externalId));
          return instances.filter(({ externalId, state }) => state === "queued" && !sent.has(externalId));
        },
        async revoke({ externalId }) {
          const at = waiting.findIndex((each) => each.externalId === externalId);
          if (at >= 0) waiting.splice(at, 1);
        },
        onEvent: events.onEvent,
        async end() {},
      };
    },
  };
}

export async function addRun(store: DagStore, fields: Partial<RunRecord> = {}): Promise<RunRecord> {
  const run = runRecord({ state: "queued", startedAt: null, lookAt: null, ...fields });
  await store.write(({ runs }) => runs.add(run));
  return run;
}

export async function stateOf(store: DagStore, run: RunPlace): Promise<string | undefined> {
  return (await store.read(({ runs }) => runs.find(run)))?.state;
}

/** { "load[1]": "success" } */
export async function statesOf(store: DagStore, run: RunPlace): Promise<Readonly<Record<string, InstanceRecord["state"]>>> {
  const instances = await store.read((tables) => tables.instances.ofRun(run));
  return Object.fromEntries(instances.map((instance) => [placeOf(instance), instance.state]));
}
