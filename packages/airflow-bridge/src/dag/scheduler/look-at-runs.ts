/** Looks at the runs that want it: reads each with all its instances, decides, and writes that down, under the lock of the run. Step of a round. */
import { decide, type RunDecision } from "../decide.ts";
import { type MappedLength, mappedLists, measureLists } from "../decide-task.ts";
import { isHeld, type QueuedInstance } from "../executor.ts";
import { failpoint } from "../failpoint.ts";
import type { DagModel } from "../model.ts";
import type { InstanceRecord, RunRecord, TryRecord } from "../records.ts";
import { isMapped, tasksRead } from "../resolve-inputs.ts";
import { readRunValues } from "../run-values.ts";
import type { DagStore, Tables } from "../store.ts";
import type { ScheduledDag, ScheduledDags } from "./scheduled-dag.ts";

/** More runs of one DAG than are active at a time. */
const mostActive = 10_000;

export interface LookLimits {
  /** runs of one transaction */
  readonly limit: number;
  readonly maxMapLength: number;
}

export interface Looked {
  readonly looks: readonly Look[];
  /** what an executor is to give up, as their run took too long */
  readonly revoked: readonly QueuedInstance[];
}

export interface Look {
  readonly run: RunRecord;
  readonly decision: RunDecision;
}

export async function lookAtRuns(store: DagStore, dags: ScheduledDags, now: number, limits: LookLimits): Promise<Looked> {
  const looks = await store.write(async (tables) => {
    const runs = await tables.runs.takeReady(now, limits.limit, [...dags.keys()]);
    if (runs.length > 0) failpoint("look.taken");
    const found: Look[] = [];
    for (const run of runs) found.push(await lookAt(tables, dags.get(run.dagId)!, run, { ...limits, now }));
    if (runs.length > 0) failpoint("look.written");
    return found;
  });
  if (looks.length > 0) failpoint("look.committed");
  await wakeNext(store, dags, looks, now);
  return { looks, revoked: looks.flatMap(({ decision }) => decision.changes.map(({ instance }) => instance).filter(isHeld)) };
}

async function lookAt(
  tables: Tables,
  dag: ScheduledDag,
  run: RunRecord,
  { now, maxMapLength }: LookLimits & { readonly now: number },
): Promise<Look> {
  const instances = await tables.instances.ofRun(run);
  const past = dag.dependsOnPast ? await pastOf(tables, run) : [];
  const lengths = await lengthsOf(tables, dag.model, run, { instances, maxMapLength });
  failpoint("look.read");
  const decision = decide({ dag: dag.model, run, instances, past, weights: dag.weights, lengths, now });
  await write(tables, run, decision, now);
  return { run, decision };
}

async function pastOf({ runs, instances }: Tables, run: RunRecord): Promise<readonly InstanceRecord[]> {
  const before = await runs.before(run);
  return before === null ? [] : await instances.ofRun(before);
}

interface MapView {
  readonly instances: readonly InstanceRecord[];
  readonly maxMapLength: number;
}

/** Of the mapped tasks that may begin now: of others the lists are not read, for they may be large. */
async function lengthsOf(
  tables: Tables,
  dag: DagModel,
  run: RunRecord,
  { instances, maxMapLength }: MapView,
): Promise<ReadonlyMap<string, MappedLength>> {
  const lengths = new Map<string, MappedLength>();
  for (const task of dag.tasks.values()) {
    if (!isMapped(task.inputs)) continue;
    const own = instances.filter(({ taskId }) => taskId === task.id);
    if (own.length > 0 && own.every(({ state }) => state !== "none")) continue;
    const lists = mappedLists(task);
    const sources = tasksRead(lists);
    const given = new Set(instances.filter(({ state }) => state === "success").map(({ taskId }) => taskId));
    if (![...sources].every((taskId) => given.has(taskId))) continue;
    const values = await readRunValues(tables, lists, dag, run);
    lengths.set(task.id, measureLists(lists, values, maxMapLength));
  }
  return lengths;
}

async function write({ instances, runs, tries }: Tables, run: RunRecord, decision: RunDecision, now: number): Promise<void> {
  const { changes, add, remove, state, lookAt } = decision;
  if (remove.length > 0) await instances.remove(remove);
  if (add.length > 0) await instances.addAll(add);
  for (const { instance, fields } of changes) {
    const changed = await instances.change(instance, { states: [instance.state] }, fields);
    if (changed && instance.state === "running") await tries.add(tryOf({ ...instance, ...fields }, now));
  }
  await runs.set(run, { lookAt, ...(state === "running" ? {} : { state, endedAt: now }) });
}

function tryOf(
  { dagId, runId, taskId, mapIndex, tryNumber, state, hostname, firstStartedAt, reason }: InstanceRecord,
  now: number,
): TryRecord {
  return { dagId, runId, taskId, mapIndex, tryNumber, state, hostname, startedAt: firstStartedAt, endedAt: now, reason };
}

/** A run that went on may let the next one go on: that is asked to look, at the latest when its own time comes. */
async function wakeNext(store: DagStore, dags: ScheduledDags, looks: readonly Look[], now: number): Promise<void> {
  for (const { run, decision } of looks) {
    if (!dags.get(run.dagId)!.dependsOnPast || (decision.changes.length === 0 && decision.state === "running")) continue;
    await store.write(async ({ runs }) => {
      const active = await runs.list({ dagId: run.dagId, states: ["running"], limit: mostActive });
      const next = active.findLast(({ logicalDate }) => logicalDate > run.logicalDate);
      if (next !== undefined) await runs.wake(next, now);
    });
  }
}
