/**
 * What is to become of a run: from all that stands in the store of it, which instances are scheduled, skipped or given up now, whether the run has
 * ended, and when to look again. Pure. The scheduler reads a RunView under the run's lock and writes the RunDecision in the same transaction.
 */

import type { DagModel } from "../model.ts";
import type { InstanceRecord, RunRecord } from "../records.ts";
import { type InstanceState, isFinished, type RunState } from "../states.ts";
import type { InstanceChange } from "../store/store.ts";
import { decideTask, type MappedLength, mappedLists, type TaskDecision } from "./decide-task.ts";
import { firstInstance } from "./first-instance.ts";
import { tasksRead } from "./resolve-inputs.ts";
import { countUpstream } from "./rules.ts";

export interface RunView {
  readonly dag: DagModel;
  /** running */
  readonly run: RunRecord;
  /** all of the run; none: it is new */
  readonly instances: readonly InstanceRecord[];
  /** of the run before it; none: there is none, or nothing depends on the past */
  readonly past: readonly InstanceRecord[];
  /** of each task, with what the others add to it */
  readonly weights: ReadonlyMap<string, number>;
  /** of the mapped tasks whose lists are there */
  readonly lengths: ReadonlyMap<string, MappedLength>;
  readonly now: number;
}

export interface RunDecision {
  readonly changes: readonly InstanceChange[];
  readonly add: readonly InstanceRecord[];
  /** with what they left behind */
  readonly remove: readonly InstanceRecord[];
  readonly state: Exclude<RunState, "queued">;
  readonly reason: string | null;
  /** when it is to be looked at again; null: not before something happens */
  readonly lookAt: number | null;
}

/** The run before says when it went on, unless its scheduler died over it. */
const pastLookMs = 2_000;

export function decide(view: RunView): RunDecision {
  const endsAt = timeOutAt(view);
  if (endsAt !== null && endsAt <= view.now) return timeOut(view);
  const { changes, add, remove, standing, waitsForPast } = decideTasks(view);
  const ending = endOf(view.dag, standing, waitsForPast);
  const times = [endsAt, waitsForPast ? view.now + pastLookMs : null, ...[...standing.values()].flat().map(lookAtOf)];
  const lookAt = ending === null ? earliest(times) : null;
  return { changes, add, remove, lookAt, ...(ending ?? { state: "running", reason: null }) };
}

/** The instances of each task, as they stand when all was written. */
type Standing = ReadonlyMap<string, readonly InstanceRecord[]>;

interface RunTasks extends TaskDecision {
  readonly standing: Standing;
}

/** One walk is enough: each task comes behind all that it waits for, so that what was decided of those is known. */
function decideTasks({ dag, run, instances, past, lengths, weights, now }: RunView): RunTasks {
  const [known, pastOnes] = [byTask(instances), byTask(past)];
  const standing = new Map<string, readonly InstanceRecord[]>();
  const statesOf = (taskIds: readonly string[]) => taskIds.flatMap((id) => standing.get(id)!.map(({ state }) => state));
  const decisions = [decideGone(dag, instances, now)];
  for (const task of dag.tasks.values()) {
    const found = known.get(task.id) ?? [];
    const own = found.length > 0 ? found : [firstInstance(run, task, weights.get(task.id) ?? task.options.priorityWeight)];
    const decision = decideTask({
      task,
      instances: own,
      upstream: countUpstream(statesOf(task.upstream)),
      sources: statesOf([...tasksRead(mappedLists(task))]),
      length: lengths.get(task.id) ?? null,
      isHeldByPast: task.options.dependsOnPast && !(pastOnes.get(task.id) ?? []).every(endedWell),
      now,
    });
    standing.set(task.id, withDecision(own, decision));
    decisions.push(found.length > 0 ? decision : { ...decision, changes: [], add: standing.get(task.id)!, remove: [] });
  }
  return {
    changes: decisions.flatMap(({ changes }) => changes),
    add: decisions.flatMap(({ add }) => add),
    remove: decisions.flatMap(({ remove }) => remove),
    waitsForPast: decisions.some(({ waitsForPast }) => waitsForPast),
    standing,
  };
}

/** Tasks that are not in the code any more hold nobody up; one that runs may still end. */
function decideGone(dag: DagModel, instances: readonly InstanceRecord[], now: number): TaskDecision {
  const gone = instances.filter(({ taskId, state }) => !dag.tasks.has(taskId) && !isFinished(state) && !isActive(state));
  const fields = { state: "removed", reason: "the DAG has no such task any more", endedAt: now, nextAt: null } as const;
  return { changes: gone.map((instance) => ({ instance, fields })), add: [], remove: [], waitsForPast: false };
}

function withDecision(instances: readonly InstanceRecord[], { changes, add, remove }: TaskDecision): readonly InstanceRecord[] {
  if (changes.length + add.length + remove.length === 0) return instances;
  const fields = new Map(changes.map((change) => [change.instance, change.fields]));
  const left = instances.filter((instance) => !remove.includes(instance));
  return [...left.map((instance) => ({ ...instance, ...fields.get(instance) })), ...add];
}

type RunEnd = Pick<RunDecision, "state" | "reason">;

/** By its leaves, once everything ended; and when nothing is left that could go on. null: it runs. */
function endOf(dag: DagModel, standing: Standing, waitsForPast: boolean): RunEnd | null {
  const all = [...standing.values()].flat();
  const open = all.filter(({ state }) => !isFinished(state));
  if (open.length > 0) {
    if (waitsForPast || open.some(({ state }) => state !== "none")) return null;
    return { state: "failed", reason: "deadlock: no task that is left can run" };
  }
  const leaves = all.filter(({ taskId }) => dag.tasks.get(taskId)!.downstream.length === 0);
  const failed = leaves.filter(({ state }) => state === "failed" || state === "upstream_failed");
  if (failed.length === 0) return { state: "success", reason: null };
  return { state: "failed", reason: `failed: ${[...new Set(failed.map(({ taskId }) => taskId))].join(", ")}` };
}

/** As in Airflow: what had not ended counts as skipped, and what runs is stopped when its runner hears of it. */
function timeOut({ run, instances, now }: RunView): RunDecision {
  const fields = { state: "skipped", reason: "its run took too long", endedAt: now, nextAt: null } as const;
  const open = instances.filter(({ state }) => !isFinished(state));
  const changes = open.map((instance) => ({ instance, fields }));
  const reason = `it took longer than its timeout, since ${new Date(run.startedAt ?? now).toISOString()}`;
  return { changes, add: [], remove: [], state: "failed", reason, lookAt: null };
}

function timeOutAt({ dag, run }: RunView): number | null {
  return dag.runTimeoutMs === null || run.startedAt === null ? null : run.startedAt + dag.runTimeoutMs;
}

function lookAtOf({ state, nextAt }: InstanceRecord): number | null {
  return state === "up_for_retry" || state === "up_for_reschedule" ? nextAt : null;
}

function earliest(times: readonly (number | null)[]): number | null {
  return times.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}

/** Someone holds it: an executor, a runner or the triggerer. */
function isActive(state: InstanceState): boolean {
  return state === "queued" || state === "running" || state === "restarting";
}

function endedWell({ state }: InstanceRecord): boolean {
  return state === "success" || state === "skipped";
}

function byTask(instances: readonly InstanceRecord[]): ReadonlyMap<string, readonly InstanceRecord[]> {
  const found = new Map<string, InstanceRecord[]>();
  for (const instance of instances) {
    const own = found.get(instance.taskId);
    if (own === undefined) found.set(instance.taskId, [instance]);
    else own.push(instance);
  }
  return found;
}
