/** Makes the handles of results that name each other: a task's parent and children, the members of a group. */
import type { Frozen } from "./call.ts";
import { namesIn } from "./canvas/freeze.ts";
import { createGroupHandle, type GroupResult } from "./group-result.ts";
import { type AsyncResult, createTaskHandle, type HandleFacts, type HandleSource } from "./result.ts";
import type { ResultTuple } from "./result-meta.ts";

export function createResult<R, P>(source: HandleSource, facts: HandleFacts): AsyncResult<R, P> {
  return createTaskHandle<R, P>(source, facts, handleOf);
}

/** What a task is called, where whoever sent it knows; else its result may say. */
export type NameOf = (taskId: string) => string | null;
const unnamed: NameOf = () => null;

/** `members`: by index, each with the steps before it in its own chain. `parent`: the step before the group. */
export function createGroupResult<Rs extends readonly unknown[]>(
  source: HandleSource,
  facts: {
    readonly id: string;
    readonly members: readonly ResultTuple[];
    readonly parent?: AsyncResult<unknown> | null;
    readonly nameOf?: NameOf;
  },
): GroupResult<Rs> {
  const { id, members, parent = null, nameOf = unnamed } = facts;
  const results = members.map((member) => handleOf(source, member, nameOf));
  return createGroupHandle<Rs>(source, { id, results, parent, nameOf });
}

/** Of the group that a tuple names. */
export function groupOf<Rs extends readonly unknown[]>(
  source: HandleSource,
  [[id, before], members]: ResultTuple,
  nameOf: NameOf = unnamed,
): GroupResult<Rs> {
  const parent = before === null ? null : handleOf(source, before, nameOf);
  return createGroupResult<Rs>(source, { id, members: members ?? [], parent, nameOf });
}

/** Of a task, or of a group; with the steps before it, to the first. */
export function handleOf(source: HandleSource, tuple: ResultTuple, nameOf: NameOf = unnamed): AsyncResult<unknown> {
  const [[id, before], members] = tuple;
  if (members !== null) return groupOf(source, tuple, nameOf);
  const parent = before === null ? null : handleOf(source, before, nameOf);
  return createResult(source, { id, taskName: nameOf(id), known: true, parent });
}

/** Of what has its ids, and knows what its tasks are called. */
export function handleIn(source: HandleSource, { signature, result }: Frozen): AsyncResult<unknown> {
  let names: ReadonlyMap<string, string> | null = null;
  return handleOf(source, result, (id) => {
    names ??= namesIn(signature);
    return names.get(id) ?? null;
  });
}
