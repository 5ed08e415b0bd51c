/** What an operator is called with, read into inputs of its task: values, handles, and what is mapped over. */
import { CeleriacError } from "@celeriac/core/runtime";
import { originOf } from "./handle.ts";
import type { Input } from "./input.ts";
import { mappedListOf } from "./mapping.ts";
import type { TaskDraft } from "./task-draft.ts";

export interface Argument {
  readonly input: Input;
  /** it waits for these */
  readonly tasks: readonly TaskDraft[];
}

/** `where` is what errors call it. Throws DAG_HANDLE for a handle within a value, and for a node that gives nothing. */
export function readArgument(value: unknown, where: string): Argument {
  const origin = originOf(value);
  if (origin !== undefined) {
    if (origin.input === null) throw new CeleriacError("DAG_HANDLE", `${where}: that task gives nothing that could be passed; use after()`);
    return { input: origin.input, tasks: origin.tasks };
  }
  const mapped = mappedListOf(value);
  if (mapped !== undefined) return { input: { kind: "each", list: mapped.list }, tasks: mapped.tasks };
  refuseInside(value, where, new Set());
  return { input: { kind: "value", value }, tasks: [] };
}

/** A handle within an object would be sent as what it is: an object that knows nothing of a run. */
function refuseInside(value: unknown, path: string, seen: Set<unknown>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  for (const [key, part] of Object.entries(value)) {
    const place = `${path}.${key}`;
    if (originOf(part) !== undefined || mappedListOf(part) !== undefined)
      throw new CeleriacError("DAG_HANDLE", `${place}: a handle is an argument itself, not a part of one`);
    refuseInside(part, place, seen);
  }
}
