/** Makes the handles of results that name each other: a task's parent and children, the members of a group. */
import { createGroupHandle, type GroupResult } from "./group-result.ts";
import { type AsyncResult, createTaskHandle, type HandleFacts, type HandleSource } from "./result.ts";
import type { ResultTuple } from "./result-meta.ts";

export function createResult<R, P>(source: HandleSource, facts: HandleFacts): AsyncResult<R, P> {
  return createTaskHandle<R, P>(source, facts, handleOf);
}

/** `members`: by index, each with the steps before it in its own chain. `parent`: the step before the group. */
export function createGroupResult<Rs extends readonly unknown[]>(
  source: HandleSource,
  facts: { readonly id: string; readonly members: readonly ResultTuple[]; readonly parent?: AsyncResult<unknown> | null },
): GroupResult<Rs> {
  const { id, members, parent = null } = facts;
  return createGroupHandle<Rs>(source, { id, results: members.map((member) => handleOf(source, member)), parent });
}

/** Of the group that a tuple names. */
export function groupOf<Rs extends readonly unknown[]>(source: HandleSource, [[id, before], members]: ResultTuple): GroupResult<Rs> {
  return createGroupResult<Rs>(source, { id, members: members ?? [], parent: before === null ? null : handleOf(source, before) });
}

/** Of a task, or of a group; with the steps before it, to the first. */
export function handleOf(source: HandleSource, tuple: ResultTuple): AsyncResult<unknown> {
  const [[id, before], members] = tuple;
  if (members !== null) return groupOf(source, tuple);
  return createResult(source, { id, taskName: null, known: true, parent: before === null ? null : handleOf(source, before) });
}
