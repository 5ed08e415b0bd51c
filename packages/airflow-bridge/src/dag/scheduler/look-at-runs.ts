/** Looks at the runs that want it: reads each with all its instances, decides, and writes that down, under the lock of the run. Step of a round. */
import { randomUUID } from "node:crypto";
import { decide, type RunDecision } from "../decision/decide.ts";
import { type MappedLength, mappedLists, measureLists } from "../decision/decide-task.ts";
import { isMapped, tasksRead } from "../decision/resolve-inputs.ts";
import { isHeld, type QueuedInstance } from "../executors/executor.ts";
import { failpoint } from "../failpoint.ts";
import type { DagModel } from "../model.ts";
import type { InstanceRecord, RunRecord, TryRecord } from "../records.ts";
import { readRunValues } from "../runner/run-values.ts";
import type { DagStore, Tables } from "../store/store.ts";
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
    if (runs.length === 0) return [];
    failpoint("look.taken");
    const instances = await tables.instances.ofRuns(runs);
    const found: Look[] = [];
    for (const [at, run] of runs.entries()) {
      const view = { instances: instances[at]!, maxMapLength: limits.maxMapLength, now };
      found.push({ run, decision: await decideRun(tables, dags.get(run.dagId)!, run, view) });
    }
    failpoint("look.read");
    await write(tables, found, now);
    const logged = runs.filter(({ dagId }) => dags.get(dagId)!.model.log !== null);
    await tables.unlogged.putAll(logged.map(({ dagId, runId }) => ({ dagId, runId, mark: randomUUID() })));
    failpoint("look.written");
    return found;
  });
  if (looks.length > 0) failpoint("look.committed");
  await wakeNext(store, dags, looks, now);
  return { looks, revoked: looks.flatMap(({ decision }) => decision.changes.map(({ instance }) => instance).filter(isHeld)) };
}

interface RunRead {
  /** all of the run */
  readonly instances: readonly InstanceRecord[];
  readonly maxMapLength: number;
  readonly now: number;
}

async function decideRun(
  tables: Tables,
  { model, weights, dependsOnPast }: ScheduledDag,
  run: RunRecord,
  read: RunRead,
): Promise<RunDecision> {
  const { instances, now } = read;
  const past = dependsOnPast ? await pastOf(tables, run) : [];
  const lengths = await lengthsOf(tables, model, run, read);
  return decide({ dag: model, run, instances, past, weights, lengths, now });
}

async function pastOf({ runs, instances }: Tables, run: RunRecord): Promise<readonly InstanceRecord[]> {
  const before = await runs.before(run);
  return before === null ? [] : await instances.ofRun(before);
}

/** Of the mapped tasks that may begin now: of others the lists are not read, for they may be large. */
async function lengthsOf(
  tables: Tables,
  dag: DagModel,
  run: RunRecord,
  { instances, maxMapLength }: RunRead,
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

async function write({ instances, runs, tries }: Tables, looks: readonly Look[], now: number): Promise<void> {
  await instances.remove(looks.flatMap(({ decision }) => decision.remove));
  await instances.addAll(looks.flatMap(({ decision }) => decision.add));
  const changed = await instances.changeAll(looks.flatMap(({ decision }) => decision.changes));
  for (const { instance, fields } of changed) if (instance.state === "running") await tries.add(tryOf({ ...instance, ...fields }, now));
  const ended = ({ state, lookAt }: RunDecision) => ({ lookAt, ...(state === "running" ? {} : { state, endedAt: now }) });
  await runs.setAll(looks.map(({ run, decision }) => ({ run, fields: ended(decision) })));
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
