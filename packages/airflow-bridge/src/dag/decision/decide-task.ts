/**
 * Which instances of one task may go on, once all tasks before it were decided: its trigger rule, its past, and what it is mapped over. A step of
 * decide.ts, as pure as that.
 */
import { reasonOf } from "@celeriac/core/runtime";
import type { Input } from "../definition/input.ts";
import type { TaskModel } from "../model.ts";
import type { InstanceRecord } from "../records.ts";
import { type FinishedState, type InstanceState, isFinished } from "../states.ts";
import type { InstanceChange, InstanceFields } from "../store/store.ts";
import { noTry } from "./first-instance.ts";
import { isMapped, mappedLength, type RunValues } from "./resolve-inputs.ts";
import { applyRule, type UpstreamCounts } from "./rules.ts";

/** Over how many items a task is mapped in this run, or why it cannot be. */
export type MappedLength = { readonly kind: "length"; readonly length: number } | { readonly kind: "refused"; readonly reason: string };

export interface TaskView {
  readonly task: TaskModel;
  /** one or more: a placeholder of index -1 stands for those that it is to be mapped to */
  readonly instances: readonly InstanceRecord[];
  /** of all instances of all tasks right before it */
  readonly upstream: UpstreamCounts;
  /** of the tasks whose lists it is mapped over */
  readonly sources: readonly InstanceState[];
  readonly length: MappedLength | null;
  /** it depends on its past, and that did not end well, or has not yet */
  readonly isHeldByPast: boolean;
  readonly now: number;
}

export interface TaskDecision {
  readonly changes: readonly InstanceChange[];
  readonly add: readonly InstanceRecord[];
  readonly remove: readonly InstanceRecord[];
  /** nothing but the past keeps one of them */
  readonly waitsForPast: boolean;
}

/** What it is mapped over. */
export function mappedLists({ inputs }: TaskModel): readonly Input[] {
  return inputs.filter(({ kind }) => kind === "each");
}

/** Of lists that are there. */
export function measureLists(lists: readonly Input[], values: RunValues, longest: number): MappedLength {
  try {
    return { kind: "length", length: mappedLength(lists, values, longest) ?? 0 };
  } catch (error) {
    return { kind: "refused", reason: reasonOf(error) };
  }
}

export function decideTask(view: TaskView): TaskDecision {
  const open = view.instances.filter((instance) => isOpen(instance, view.now));
  if (open.length === 0) return nothing;
  const decided = open.map((instance) => ({ instance, decision: decideInstance(instance, view) }));
  const ready = decided.filter(({ decision }) => decision === "ready").map(({ instance }) => instance);
  const ended = decided.flatMap(({ instance, decision }) =>
    typeof decision === "object" ? [{ instance, fields: end(decision.state, decision.reason, view.now) }] : [],
  );
  const going = isMapped(view.task.inputs) ? fitToLength(ready, view) : begin(ready);
  return { ...going, changes: [...ended, ...going.changes], waitsForPast: decided.some(({ decision }) => decision === "past") };
}

const nothing: TaskDecision = Object.freeze({ changes: [], add: [], remove: [], waitsForPast: false });

function isOpen({ state, nextAt }: InstanceRecord, now: number): boolean {
  if (state === "up_for_retry" || state === "up_for_reschedule") return (nextAt ?? 0) <= now;
  return state === "none";
}

type InstanceDecision = "wait" | "past" | "ready" | { readonly state: FinishedState; readonly reason: string };

function decideInstance(instance: InstanceRecord, { task, upstream, sources, isHeldByPast }: TaskView): InstanceDecision {
  const rule = task.options.triggerRule;
  const decision = applyRule(rule, upstream, instance.mapIndex);
  if (decision.kind === "wait") return "wait";
  if (decision.kind === "set") return { state: decision.state, reason: `its trigger rule is ${rule}` };
  const source = decideSources(sources);
  if (source !== "ready") return source;
  return isHeldByPast ? "past" : "ready";
}

/** As Airflow's MappedTaskUpstreamDep: without the lists there is nothing to map over, whatever the rule says. */
function decideSources(sources: readonly InstanceState[]): InstanceDecision {
  if (sources.some((state) => state === "failed" || state === "upstream_failed")) {
    return { state: "upstream_failed", reason: "a task that gives its list failed" };
  }
  if (sources.includes("skipped")) return { state: "skipped", reason: "a task that gives its list was skipped" };
  return sources.every(isFinished) ? "ready" : "wait";
}

/** What goes on with a try keeps its number and its begin. */
function begin(ready: readonly InstanceRecord[]): Omit<TaskDecision, "waitsForPast"> {
  return { changes: ready.map((instance) => ({ instance, fields: beginFields(instance) })), add: [], remove: [] };
}

function beginFields({ state, tryNumber }: InstanceRecord): InstanceFields {
  if (state === "up_for_reschedule") return { state: "scheduled", nextAt: null };
  return { ...noTry, state: "scheduled", tryNumber: tryNumber + 1 };
}

function end(state: FinishedState, reason: string, now: number): InstanceFields {
  return { state, reason, endedAt: now, nextAt: null };
}

/** The first time the placeholder gives way; after its tasks were cleared there may be more items than before, or less. */
function fitToLength(ready: readonly InstanceRecord[], { task, instances, length, now }: TaskView): Omit<TaskDecision, "waitsForPast"> {
  // Who goes on with a try, or tries again, keeps to the list it began with.
  const [first] = ready.filter(({ state }) => state === "none");
  if (first === undefined || length === null) return begin(ready.filter(({ state }) => state !== "none"));
  const ending = endByLength(length, now);
  if (ending !== null) return { changes: ready.map((instance) => ({ instance, fields: ending })), add: [], remove: [] };
  const wanted = Array.from({ length: length.kind === "length" ? length.length : 0 }, (_, index) => index);
  const has = new Set(instances.map(({ mapIndex }) => mapIndex));
  const isWanted = ({ mapIndex }: InstanceRecord) => mapIndex in wanted;
  const fresh: InstanceRecord = { ...first, ...noTry, state: "none", tryNumber: 0, maxTries: task.options.retries + 1 };
  return {
    ...begin(ready.filter(isWanted)),
    add: wanted.filter((index) => !has.has(index)).map((mapIndex) => ({ ...fresh, ...beginFields(fresh), mapIndex })),
    remove: ready.filter((instance) => !isWanted(instance)),
  };
}

/** null: there is something to map over. */
function endByLength(length: MappedLength, now: number): InstanceFields | null {
  if (length.kind === "refused") return end("failed", length.reason, now);
  return length.length === 0 ? end("skipped", "the list it is mapped over is empty", now) : null;
}
