/** The world of a test of DAG stores, and records to fill it with. */
import { noTry } from "../../../packages/airflow-bridge/src/dag/decision/first-instance.ts";
import type { InstancePlace, InstanceRecord, RunRecord } from "../../../packages/airflow-bridge/src/dag/records.ts";
import type { DagStore } from "../../../packages/airflow-bridge/src/dag/store/store.ts";

export interface DagStoreWorld {
  /** Another store on the same tables, as another process would have it; null: they are this one's alone. */
  open(): DagStore;
  readonly isShared: boolean;
  close(): Promise<void>;
}

const dayMs = 86_400_000;
export const key = ({ dagId, runId, taskId, mapIndex }: InstancePlace) => `${dagId}/${runId}/${taskId}/${mapIndex}`;

export function run(dagId: string, day: number, changes: Partial<RunRecord> = {}): RunRecord {
  const logicalDate = day * dayMs;
  return {
    ...{ dagId, runId: `scheduled__${day}`, runType: "scheduled", state: "running", params: {}, backfillId: null },
    ...{ logicalDate, intervalStart: logicalDate, intervalEnd: logicalDate, runAfter: logicalDate },
    ...{ createdAt: logicalDate + 1, startedAt: null, endedAt: null, lookAt: 0 },
    ...changes,
  };
}

export function instance(of: RunRecord, taskId: string, changes: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    ...{ dagId: of.dagId, runId: of.runId, taskId, mapIndex: -1, state: "scheduled", tryNumber: 0, maxTries: 1, operator: "function" },
    ...{ queue: null, pool: "default_pool", poolSlots: 1, priorityWeight: 1 },
    ...noTry,
    ...changes,
  };
}

/** What a test of the suite stands on; it is made anew for each. */
export class Stage {
  readonly #world: DagStoreWorld;
  readonly #opened: DagStore[] = [];
  readonly store: DagStore;

  constructor(world: DagStoreWorld) {
    this.#world = world;
    this.store = this.open();
  }

  open(): DagStore {
    const store = this.#world.open();
    this.#opened.push(store);
    return store;
  }

  /** So many stores on the same tables; the one, where nobody shares them. */
  several(count: number): readonly DagStore[] {
    return this.#world.isShared ? [this.store, ...Array.from({ length: count - 1 }, () => this.open())] : [this.store];
  }

  putDag(dagId: string, maxActiveRuns = 16): Promise<void> {
    return this.store.write(({ dags }) => dags.putAll([{ dagId, maxActiveRuns, shape: "{}", seenAt: 5 }]));
  }

  addRuns(...runs: readonly RunRecord[]): Promise<void> {
    return this.store.write(async (tables) => {
      for (const each of runs) await tables.runs.add(each);
    });
  }

  addAll(...instances: readonly InstanceRecord[]): Promise<void> {
    return this.store.write((tables) => tables.instances.addAll(instances));
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.close()));
    await this.#world.close();
  }
}
