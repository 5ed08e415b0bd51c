/** DAGs as data, without a builder: each task says what it comes behind. */
import type { Input } from "../../../packages/airflow-bridge/src/dag/definition/input.ts";
import type { DagModel, TaskModel, TaskModelOptions, Work } from "../../../packages/airflow-bridge/src/dag/model.ts";
import type { InstanceRecord, RunRecord } from "../../../packages/airflow-bridge/src/dag/records.ts";

export interface TaskSketch extends Partial<TaskModelOptions> {
  readonly after?: readonly string[];
  /** the tasks whose lists it is mapped over */
  readonly each?: readonly string[];
  readonly inputs?: readonly Input[];
  readonly work?: Work;
}

const options: TaskModelOptions = {
  queue: null,
  retries: 0,
  retryDelayMs: 1_000,
  exponentialBackoff: false,
  maxRetryDelayMs: null,
  triggerRule: "all_success",
  pool: "default_pool",
  poolSlots: 1,
  priorityWeight: 1,
  weightRule: "downstream",
  executionTimeoutMs: null,
  dependsOnPast: false,
};

/** In the order of a walk: a task stands behind all that it names. */
export function dagModel(tasks: Readonly<Record<string, TaskSketch>>, dag: Partial<Omit<DagModel, "tasks">> = {}): DagModel {
  const ids = Object.keys(tasks);
  return {
    id: "etl",
    schedule: { when: null, tz: "UTC", timetable: "trigger" },
    startAt: null,
    endAt: null,
    catchUp: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    runTimeoutMs: null,
    params: {},
    tags: [],
    groups: [],
    log: null,
    ...dag,
    tasks: new Map(ids.map((id) => [id, taskModel(id, tasks, ids)])),
  };
}

function taskModel(id: string, tasks: Readonly<Record<string, TaskSketch>>, ids: readonly string[]): TaskModel {
  const { after = [], each = [], inputs, work, ...own } = tasks[id]!;
  return {
    id,
    group: null,
    operator: "function",
    upstream: after,
    downstream: ids.filter((other) => tasks[other]!.after?.includes(id)),
    options: { ...options, ...own },
    inputs: inputs ?? each.map((taskId) => ({ kind: "each", list: { kind: "xcom", taskId, list: false, path: [] } })),
    work: work ?? { kind: "run", run: async () => ({ kind: "success", value: null }) },
  };
}

/** Running, since the epoch. */
export function runRecord(fields: Partial<RunRecord> = {}): RunRecord {
  return {
    dagId: "etl",
    runId: "manual__1",
    runType: "manual",
    state: "running",
    runAfter: 0,
    logicalDate: 0,
    intervalStart: 0,
    intervalEnd: 0,
    params: {},
    createdAt: 0,
    startedAt: 0,
    endedAt: null,
    lookAt: 0,
    backfillId: null,
    ...fields,
  };
}

/** An instance by what matters of it, beside its place. */
export function placeOf({ taskId, mapIndex }: Pick<InstanceRecord, "taskId" | "mapIndex">): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}
