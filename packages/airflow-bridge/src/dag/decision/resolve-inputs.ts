/** Inputs of a task in one run: how many instances they make, and the arguments of each. Pure: who calls has read what tasks gave. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { Input } from "../definition/input.ts";
import type { RunFacts } from "../runs/run-facts.ts";

/** What is known in a run. */
export interface RunValues {
  /** What the instances of a task gave, by map index, without those that gave nothing. Asked for those of `tasksRead` only. */
  xcoms(taskId: string): readonly unknown[];
  readonly run: RunFacts;
}

/** Airflow's `max_map_length`. */
export const longestMap = 1_024;

/** The tasks whose XComs are read. */
export function tasksRead(inputs: readonly Input[]): ReadonlySet<string> {
  return new Set(inputs.flatMap(readsOf));
}

function readsOf(input: Input): readonly string[] {
  switch (input.kind) {
    case "xcom":
      return [input.taskId];
    case "each":
      return readsOf(input.list);
    case "zip":
      return input.lists.flatMap(readsOf);
    case "value":
    case "run":
      return [];
  }
}

export function isMapped(inputs: readonly Input[]): boolean {
  return inputs.some(({ kind }) => kind === "each");
}

/** How many instances; 0: the task is skipped; null: it is not mapped. Throws DAG_MAP_LENGTH above `longest`, DAG_MAP_VALUE for what is no list. */
export function mappedLength(inputs: readonly Input[], values: RunValues, longest = longestMap): number | null {
  if (!isMapped(inputs)) return null;
  const length = listsOf(inputs, values).reduce((product, list) => product * list.length, 1);
  if (length > longest) throw new CeleriacError("DAG_MAP_LENGTH", `A task is mapped over ${length} items: ${longest} is the most`);
  return length;
}

/** The arguments of instance `mapIndex`; -1: it is not mapped. Throws DAG_MAP_VALUE for what is no list, or has become shorter. */
export function resolveInputs(inputs: readonly Input[], values: RunValues, mapIndex: number): readonly unknown[] {
  const items = itemsAt(listsOf(inputs, values), mapIndex);
  return inputs.map((input) => (input.kind === "each" ? items.next().value : read(input, values)));
}

/** What instance `mapIndex` has of each list: counted as digits, the last one running fastest. */
function itemsAt(lists: readonly (readonly unknown[])[], mapIndex: number): Iterator<unknown> {
  let rest = mapIndex;
  const items = lists.toReversed().map((list) => {
    const item = list[rest % list.length];
    rest = Math.floor(rest / list.length);
    return item;
  });
  if (lists.length > 0 && rest !== 0) throw new CeleriacError("DAG_MAP_VALUE", `What is mapped over has no item for instance ${mapIndex}`);
  return items.reverse().values();
}

function listsOf(inputs: readonly Input[], values: RunValues): readonly (readonly unknown[])[] {
  return inputs.flatMap((input) => (input.kind === "each" ? [listOf(input.list, values)] : []));
}

function read(input: Exclude<Input, { kind: "each" }>, values: RunValues): unknown {
  switch (input.kind) {
    case "value":
      return input.value;
    case "run":
      return partOf(values.run[input.key], input.path);
    case "xcom": {
      const given = values.xcoms(input.taskId);
      return partOf(input.list ? given : given[0], input.path);
    }
    case "zip": {
      const lists = input.lists.map((list) => listOf(list, values));
      const length = Math.min(...lists.map((list) => list.length));
      return Array.from({ length }, (_, at) => lists.map((list) => list[at]));
    }
  }
}

function listOf(input: Input, values: RunValues): readonly unknown[] {
  const value = input.kind === "each" ? undefined : read(input, values);
  if (Array.isArray(value)) return value;
  const from = input.kind === "xcom" ? ` from ${[input.taskId, ...input.path].join(".")}` : "";
  throw new CeleriacError("DAG_MAP_VALUE", `Expected a list to map over${from}, got ${kindOf(value)}`);
}

/** undefined where there is nothing to go into: who reads a task that was skipped gets undefined. */
function partOf(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((whole, key) => (whole as Record<string, unknown> | null | undefined)?.[key], value);
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? "nothing" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
