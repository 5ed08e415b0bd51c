/** A run of a DAG in a store, with instances queued as a scheduler would, and a runner beside it. */

import { randomUUID } from "node:crypto";
import { noTry } from "../../../packages/airflow-bridge/src/dag/decision/first-instance.ts";
import { createOpenHooks } from "../../../packages/airflow-bridge/src/dag/hooks/open-hooks.ts";
import type { DagModel } from "../../../packages/airflow-bridge/src/dag/model.ts";
import type { InstancePlace, InstanceRecord } from "../../../packages/airflow-bridge/src/dag/records.ts";
import type { RunnerParts } from "../../../packages/airflow-bridge/src/dag/runner/runner.ts";
import { returnValueKey } from "../../../packages/airflow-bridge/src/dag/runner/xcom.ts";
import { memoryStore, openDagStore } from "../../../packages/airflow-bridge/src/dag/store/open-store.ts";
import type { DagStore, InstanceFields } from "../../../packages/airflow-bridge/src/dag/store/store.ts";
import { type Clock, silentLogger, systemClock } from "../../../packages/core/src/runtime.ts";
import { dagModel, runRecord, type TaskSketch } from "./model.ts";

export interface Stage {
  readonly store: DagStore;
  readonly dag: DagModel;
  readonly parts: RunnerParts;
  place(taskId: string, mapIndex?: number): InstancePlace;
  /** Queued for its next try, or to go on with one; under a new id, which is given. */
  queue(taskId: string, fields?: InstanceFields): Promise<InstanceRecord & { readonly externalId: string }>;
  row(taskId: string): Promise<InstanceRecord>;
  set(taskId: string, fields: InstanceFields): Promise<void>;
  xcom(taskId: string): Promise<unknown>;
}

export interface StageOptions {
  /** in place of one that is made of the tasks */
  readonly dag?: DagModel;
  readonly store?: DagStore;
  readonly clock?: Clock;
  readonly parts?: Partial<RunnerParts>;
}

export const fastRunner = { heartbeatMs: 20, graceMs: 50, maxXcomBytes: 1_048_576, endRetryMs: 5_000 };

export async function openMemoryStore(clock: Clock = systemClock): Promise<DagStore> {
  return await openDagStore(memoryStore, { clock, logger: silentLogger, credentials: null, durability: "process", defaultPoolSlots: 128 });
}

export async function openStage(tasks: Readonly<Record<string, TaskSketch>>, options: StageOptions = {}): Promise<Stage> {
  const { clock = systemClock } = options;
  const dag = options.dag ?? dagModel(tasks);
  const store = options.store ?? (await openMemoryStore(clock));
  const runId = options.store === undefined ? "manual__1" : `manual__${randomUUID()}`;
  const run = runRecord({ dagId: dag.id, runId, lookAt: null });
  const all = [...dag.tasks.values()];
  await store.write(async (tables) => {
    await tables.runs.add(run);
    await tables.instances.addAll(
      all.map(({ id, options: { retries } }) => instanceRecord({ dagId: dag.id, runId: run.runId, taskId: id, mapIndex: -1 }, retries)),
    );
  });
  const place = (taskId: string, mapIndex = -1) => ({ dagId: dag.id, runId: run.runId, taskId, mapIndex });
  const row = async (taskId: string) => (await store.read(({ instances }) => instances.find(place(taskId))))!;
  const set = async (taskId: string, fields: InstanceFields) => {
    const { state } = await row(taskId);
    await store.write(({ instances }) => instances.change(place(taskId), { states: [state] }, fields));
  };
  let queued = 0;
  return {
    ...{ store, dag, place, row, set },
    parts: {
      ...{ store, clock, logger: silentLogger, hostname: "here", environment: {}, settings: fastRunner, handBack: "up_for_reschedule" },
      runs: { trigger: async () => {}, find: async () => null },
      hooks: createOpenHooks({ clock, logger: silentLogger }),
      findDag: (id) => (id === dag.id ? dag : undefined),
      freshen: async () => {},
      resolve: async () => [],
      runTask: async () => null,
      ...options.parts,
    },
    async queue(taskId, fields = {}) {
      const { tryNumber, firstStartedAt, endedAt } = await row(taskId);
      const goesOn = firstStartedAt !== null && endedAt === null;
      const externalId = `${run.runId}-${taskId}-${++queued}`;
      const next = goesOn ? {} : { tryNumber: tryNumber + 1, startedAt: null, firstStartedAt: null, endedAt: null };
      await set(taskId, { ...next, state: "queued", externalId, nextAt: null, ...fields });
      return { ...(await row(taskId)), externalId };
    },
    async xcom(taskId) {
      const [first] = await store.read(({ xcoms }) => xcoms.ofTask(run, taskId, returnValueKey));
      return first === undefined ? undefined : JSON.parse(first.value);
    },
  };
}

function instanceRecord(place: InstancePlace, retries: number): InstanceRecord {
  return {
    ...place,
    ...noTry,
    ...{ state: "none", tryNumber: 0, maxTries: retries + 1, operator: "function", queue: null },
    ...{ pool: "default_pool", poolSlots: 1, priorityWeight: 1 },
  };
}
