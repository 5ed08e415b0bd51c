/** Celery's result JSON, written for a backend and read from one. */
import { type Attempt, readAttempt } from "./attempt.ts";
import { parseInstant, toIsoInstant } from "./clock.ts";
import { CeleriacError, type RemoteError } from "./errors.ts";
import { exceptionJson } from "./failure.ts";
import { readJson } from "./serializers/json.ts";
import { isFinal } from "./states.ts";

/** `[[id, parent], children]`, Celery's way to name a result. */
export type ResultTuple = readonly [readonly [id: string, parent: ResultTuple | null], readonly ResultTuple[] | null];

export interface ResultMeta extends Attempt {
  readonly taskId: string;
  readonly status: string;
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly ResultTuple[];
  /** epoch ms; null unless the state is final */
  readonly doneAt: number | null;
  readonly name: string | null;
  readonly worker: string | null;
  /** `result_extended`: as they were stored; null without it */
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly queue: string | null;
  readonly parentId: string | null;
}

/** What is known of a task's state when it is stored. */
export interface ResultFacts {
  readonly taskId: string;
  readonly state: string;
  readonly attempt: number;
  readonly children: readonly unknown[];
  readonly nowMs: number;
  readonly groupId: string | null;
  readonly parentId: string | null;
  /** `result_extended`: what is added then, else null */
  readonly extended: {
    readonly name: string;
    readonly args: unknown;
    readonly kwargs: unknown;
    readonly worker: string;
    readonly queue: string;
  } | null;
}

/** The JSON text of a state whose `result` is the JSON text `value`. Our own member `retries`, which is the attempt, is read by us and ignored by Celery. */
export function resultText(facts: ResultFacts, value: string, traceback: string | null): string {
  const done = isFinal(facts.state) ? `"${toIsoInstant(facts.nowMs)}"` : "null";
  const children = facts.children.length === 0 ? "[]" : JSON.stringify(facts.children);
  return `{"status": ${JSON.stringify(facts.state)}, "result": ${value}, "traceback": ${traceback === null ? "null" : JSON.stringify(traceback)}, "children": ${children}, "date_done": ${done}${groupAndParent(facts)}, "retries": ${facts.attempt}${extendedMembers(facts)}, "task_id": ${JSON.stringify(facts.taskId)}}`;
}

/** The JSON text of RETRY, FAILURE or REVOKED. */
export function failureText(facts: ResultFacts, error: RemoteError): string {
  return resultText(facts, JSON.stringify(exceptionJson(error)), error.traceback);
}

function groupAndParent(facts: ResultFacts): string {
  const group = facts.groupId === null ? "" : `, "group_id": ${JSON.stringify(facts.groupId)}`;
  return facts.parentId === null ? group : `${group}, "parent_id": ${JSON.stringify(facts.parentId)}`;
}

function extendedMembers(facts: ResultFacts): string {
  return facts.extended === null ? "" : `, ${JSON.stringify(facts.extended).slice(1, -1)}`;
}

/** Reads result JSON of either kind of worker. Throws RESULT_UNREADABLE. */
export function readResult(taskId: string, text: string): ResultMeta {
  let meta: Record<string, unknown>;
  let result: unknown;
  try {
    const { value, meant } = readJson(text);
    meta = value as Record<string, unknown>;
    result = meant === null ? meta["result"] : meant(meta["result"]);
    if (typeof meta["status"] !== "string") throw new TypeError("no status");
  } catch (cause) {
    throw new CeleriacError("RESULT_UNREADABLE", `The stored result of task ${taskId} is not Celery's result JSON`, { cause });
  }
  return {
    taskId,
    status: meta["status"],
    result,
    traceback: textOrNull(meta["traceback"]),
    children: tuplesOf(meta["children"]),
    doneAt: doneAt(meta["date_done"]),
    ...readAttempt(typeof meta["retries"] === "number" ? Math.max(0, meta["retries"]) : 0),
    name: textOrNull(meta["name"]),
    worker: textOrNull(meta["worker"]),
    args: meta["args"] ?? null,
    kwargs: meta["kwargs"] ?? null,
    queue: textOrNull(meta["queue"]),
    parentId: textOrNull(meta["parent_id"]),
  };
}

/** What is no tuple is left out: a result is worth more than what it says of its children. */
function tuplesOf(value: unknown): readonly ResultTuple[] {
  return Array.isArray(value) ? value.map(readTuple).filter((tuple) => tuple !== null) : [];
}

/** null for what is no tuple. */
export function readTuple(value: unknown): ResultTuple | null {
  if (!Array.isArray(value) || !Array.isArray(value[0]) || typeof value[0][0] !== "string") return null;
  const [[id, parent], members] = value as [[string, unknown], unknown];
  return [[id, readTuple(parent)], Array.isArray(members) ? tuplesOf(members) : null];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Celery 5.2 writes naive UTC, 5.5 an offset. */
function doneAt(value: unknown): number | null {
  return typeof value === "string" ? parseInstant(value) : null;
}

/** The stored result if it is a SUCCESS, else null. Throws RESULT_UNREADABLE. */
export function finalSuccess(taskId: string, text: string): ResultMeta | null {
  const meta = readResult(taskId, text);
  return meta.status === "SUCCESS" ? meta : null;
}
