/** Dynamic mapping, as the author of a DAG writes it: `expand(each(rows))` is an instance of the task for each row, however many there are in a run. */
import { CeleriacError } from "@celeriac/core/runtime";
import { createFreeHandle, type Handle, originOf } from "./handle.ts";
import type { Input } from "./input.ts";
import type { TaskDraft } from "./task-draft.ts";

declare const mapped: unique symbol;
export interface Each<out T> {
  readonly [mapped]: T;
}

interface MappedList {
  readonly list: Input;
  readonly tasks: readonly TaskDraft[];
}

const lists = new WeakMap<object, MappedList>();

/** Maps over a list: one task instance per item, 1024 at most; several `each` give the cross product. */
export function each<T>(items: Handle<readonly T[]> | readonly T[]): Each<T> {
  const value = Object.freeze({});
  lists.set(value, listOf(items, "each()"));
  return value as Each<T>;
}

/** Pairs of what two lists have in the same place, as many as the shorter one has. */
export function zip<T, U>(a: Handle<readonly T[]> | readonly T[], b: Handle<readonly U[]> | readonly U[]): Handle<[T, U][]> {
  const both = [listOf(a, "zip()"), listOf(b, "zip()")];
  return createFreeHandle(
    "zip()",
    { kind: "zip", lists: both.map(({ list }) => list) },
    both.flatMap(({ tasks }) => tasks),
  );
}

/** undefined for what each() did not make */
export function mappedListOf(value: unknown): MappedList | undefined {
  return typeof value === "object" && value !== null ? lists.get(value) : undefined;
}

function listOf(items: unknown, where: string): MappedList {
  const origin = originOf(items);
  if (origin !== undefined && origin.input !== null) return { list: origin.input, tasks: origin.tasks };
  if (Array.isArray(items)) return { list: { kind: "value", value: items }, tasks: [] };
  throw new CeleriacError("DAG_HANDLE", `${where}: expected a list, or what a task gives`);
}
