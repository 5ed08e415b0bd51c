/**
 * Runs a DAG in this process from begin to end, without queue or store: what `dag.test()` does. It decides and performs by the same pure steps as
 * scheduler and runner, one instance after the other; time that would only be waited is passed over.
 */
import { CeleriacError, type Clock, type Logger } from "@celeriac/core/runtime";
import type { StoredConnections } from "../connections/connection-reader.ts";
import { decide, type RunDecision } from "../decision/decide.ts";
import { mappedLists, measureLists } from "../decision/decide-task.ts";
import { transition } from "../decision/machine.ts";
import { isMapped, type RunValues, resolveInputs } from "../decision/resolve-inputs.ts";
import { priorityWeights } from "../decision/weights.ts";
import type { OpenHooks } from "../hooks/open-hooks.ts";
import type { DagModel, Ending, RunAccess, SoughtRun, TaskModel } from "../model.ts";
import type { InstanceRecord, RunRecord } from "../records.ts";
import { instanceLogger } from "../runner/instance-logger.ts";
import { look } from "../runner/look.ts";
import { perform, usualGraceMs } from "../runner/perform.ts";
import { timeLimitOf } from "../runner/time-limit.ts";
import { tryEndOf } from "../runner/try-end.ts";
import { workContext } from "../runner/work-context.ts";
import { manualRun } from "../runs/manual-run.ts";
import { runFacts } from "../runs/run-facts.ts";
import { isFinished } from "../states.ts";
import { createHastyClock, type HastyClock } from "./hasty-clock.ts";

export interface LocalRunParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stored: StoredConnections;
  readonly hooks: OpenHooks;
  readonly maxXcomBytes: number;
  readonly maxMapLength: number;
  /** what tasks may trigger */
  findDag(dagId: string): DagModel | undefined;
  runTask(name: string, args: readonly unknown[]): Promise<unknown>;
}

export interface LocalRun {
  readonly state: "success" | "failed";
  readonly reason: string | null;
  readonly instances: readonly InstanceRecord[];
  readonly values: RunValues;
}

interface Scene {
  readonly dag: DagModel;
  readonly run: RunRecord;
  readonly weights: ReadonlyMap<string, number>;
  /** by place */
  readonly instances: Map<string, InstanceRecord>;
  /** by task and map index */
  readonly given: Map<string, Map<number, unknown>>;
  readonly clock: HastyClock;
  readonly values: RunValues;
  readonly runs: RunAccess;
}

/** `above`: DAGs that wait for this one. Never rejects for what a task does. */
export async function runLocally(dag: DagModel, run: RunRecord, parts: LocalRunParts, above: readonly string[] = []): Promise<LocalRun> {
  const scene = openScene(dag, run, parts, above);
  const { instances, clock, values } = scene;
  for (;;) {
    const decision = decideNow(scene, parts);
    write(instances, decision);
    if (decision.state !== "running") return { state: decision.state, reason: decision.reason, instances: inOrder(scene), values };
    const next = heaviest(scene);
    if (next !== undefined) await runInstance(scene, next, parts);
    else if (decision.lookAt !== null) clock.passTo(decision.lookAt);
    else throw new CeleriacError("DAG_STATE", `The run ${run.runId} of the DAG ${dag.id} waits for something that does not come`);
  }
}

function openScene(dag: DagModel, asked: RunRecord, parts: LocalRunParts, above: readonly string[]): Scene {
  const clock = createHastyClock(parts.clock);
  const run: RunRecord = { ...asked, state: "running", startedAt: clock.now() };
  const given: Scene["given"] = new Map();
  const values: RunValues = {
    xcoms: (taskId) => [...(given.get(taskId) ?? [])].sort(([one], [other]) => one - other).map(([, value]) => value),
    run: runFacts(dag, run),
  };
  const runs = localRuns(parts, clock, [...above, dag.id]);
  return { dag, run, weights: priorityWeights(dag.tasks), instances: new Map(), given, clock, values, runs };
}

/** What a DAG triggers runs here as well, to its end, before the task that triggered it goes on. */
function localRuns(parts: LocalRunParts, clock: Clock, above: readonly string[]): RunAccess {
  const triggered: RunRecord[] = [];
  const findDag = (dagId: string) => {
    const dag = parts.findDag(dagId);
    if (dag !== undefined) return dag;
    throw new CeleriacError("DAG_UNKNOWN", `The app has no DAG ${dagId}`);
  };
  const find = (dagId: string, which: SoughtRun) => {
    findDag(dagId);
    const isIt = (run: RunRecord) => ("runId" in which ? run.runId === which.runId : run.logicalDate === which.logicalDate);
    return triggered.findLast((run) => run.dagId === dagId && isIt(run)) ?? null;
  };
  return {
    async trigger({ dagId, runId, logicalDate, params }) {
      const dag = findDag(dagId);
      if (above.includes(dagId))
        throw new CeleriacError("DAG_TRIGGER_CIRCLE", `DAGs trigger each other in a circle: ${[...above, dagId].join(" → ")}`);
      if (find(dagId, { runId }) !== null) return;
      const run = manualRun({ dag, runId, logicalDate: logicalDate ?? undefined, params }, clock.now());
      const at = triggered.push(run) - 1;
      const { state } = await runLocally(dag, run, { ...parts, clock }, above);
      triggered[at] = { ...run, state };
    },
    find: async (dagId, which) => find(dagId, which),
  };
}

function decideNow({ dag, run, weights, instances, clock, values }: Scene, { maxMapLength }: LocalRunParts): RunDecision {
  const all = [...instances.values()];
  const mapped = [...dag.tasks.values()].filter(({ inputs }) => isMapped(inputs));
  // Asked for only once the tasks that give the lists have ended.
  const lengths = new Map(mapped.map((task) => [task.id, measureLists(mappedLists(task), values, maxMapLength)]));
  return decide({ dag, run, instances: all, past: [], weights, lengths, now: clock.now() });
}

function write(instances: Scene["instances"], { changes, add, remove }: RunDecision): void {
  for (const instance of remove) instances.delete(placeOf(instance));
  for (const instance of add) instances.set(placeOf(instance), instance);
  for (const { instance, fields } of changes) instances.set(placeOf(instance), { ...instance, ...fields });
}

/** As the DAG has its tasks. */
function inOrder({ dag, instances }: Scene): readonly InstanceRecord[] {
  const order = [...dag.tasks.keys()];
  const placeIn = ({ taskId }: InstanceRecord) => order.indexOf(taskId);
  return [...instances.values()].sort((one, other) => placeIn(one) - placeIn(other) || one.mapIndex - other.mapIndex);
}

/** undefined: none is ready */
function heaviest({ instances }: Scene): InstanceRecord | undefined {
  const ready = [...instances.values()].filter(({ state }) => state === "scheduled");
  return ready.sort((one, other) => other.priorityWeight - one.priorityWeight || one.mapIndex - other.mapIndex)[0];
}

async function runInstance(scene: Scene, scheduled: InstanceRecord, parts: LocalRunParts): Promise<void> {
  const { dag, run, instances, given, clock } = scene;
  const task = dag.tasks.get(scheduled.taskId)!;
  const now = clock.now();
  const instance: InstanceRecord = { ...scheduled, state: "running", startedAt: now, firstStartedAt: scheduled.firstStartedAt ?? now };
  instances.set(placeOf(instance), instance);
  const { logger, maxXcomBytes } = parts;
  const log = instanceLogger(logger, instance);
  const abort = new AbortController();
  const limits = { timeLimit: timeLimitOf(task, instance.firstStartedAt ?? now, now), graceMs: usualGraceMs, clock };
  const performed = await perform(() => workOf(scene, task, instance, { parts, log, signal: abort.signal }), abort, limits);
  // Nobody clears it, takes it or stops it here.
  if (performed.kind !== "ended") return;
  const end = tryEndOf(performed.ending, { instance, run }, task, { now: clock.now(), maxXcomBytes });
  const state = transition("running", end.event);
  const endedAt = end.logged === null ? null : end.at;
  instances.set(placeOf(instance), { ...instance, state, nextAt: end.nextAt, reason: end.reason, endedAt });
  if (end.xcom !== null) given.set(task.id, (given.get(task.id) ?? new Map()).set(instance.mapIndex, JSON.parse(end.xcom)));
  skip(instances, end.skip, task.id, end.at);
  log[state === "failed" ? "error" : "info"]("task instance ends", { state, ...(end.reason === null ? {} : { reason: end.reason }) });
}

function skip(instances: Scene["instances"], taskIds: readonly string[], by: string, at: number): void {
  for (const [place, each] of instances)
    if (taskIds.includes(each.taskId) && !isFinished(each.state))
      instances.set(place, { ...each, state: "skipped", endedAt: at, nextAt: null, reason: `skipped by ${by}` });
}

interface Around {
  readonly parts: LocalRunParts;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

async function workOf(
  { dag, run, clock, values, runs }: Scene,
  task: TaskModel,
  instance: InstanceRecord,
  around: Around,
): Promise<Ending> {
  const args = resolveInputs(task.inputs, values, instance.mapIndex);
  const { parts, log, signal } = around;
  const { environment, stored, hooks } = parts;
  const context = workContext(dag, { instance, run }, { environment, stored, hooks, signal, log, clock, runs });
  switch (task.work.kind) {
    case "run":
      return await task.work.run(context, args);
    case "task":
      return { kind: "success", value: await parts.runTask(task.work.task, args) };
    case "wait": {
      // In whatever mode: the others go on meanwhile.
      const { ending, nextAt } = await look(task.work, context, args, instance.firstStartedAt ?? clock.now());
      return ending ?? { kind: "reschedule", at: nextAt };
    }
  }
}

function placeOf({ taskId, mapIndex }: InstanceRecord): string {
  return `${taskId}[${mapIndex}]`;
}
