/** A task as a DAG sees it: calling it makes a node, passing a handle makes the edge. */
import { CeleriacError } from "@celeriac/core/runtime";
import { readArgument } from "./argument.ts";
import { createHandle, type Handle, type OrHandle } from "./handle.ts";
import type { Each } from "./mapping.ts";
import type { NewTask } from "./new-task.ts";
import type { NodeOptions } from "./node-options.ts";
import type { TaskDraft } from "./task-draft.ts";

export type HandleArgs<A extends readonly unknown[]> = { [K in keyof A]: OrHandle<A[K]> };
export type EachArgs<A extends readonly unknown[]> = { [K in keyof A]: OrHandle<A[K]> | Each<A[K]> };

export interface Operator<A extends readonly unknown[], R> {
  /** Throws DAG_DUPLICATE, DAG_HANDLE. */
  (...args: HandleArgs<A>): Handle<R>;
  /** An instance per item of what is given as each(); its handle is for the list of what they give. Throws as a call does, and DAG_DEFINITION without each(). */
  expand(...args: EachArgs<A>): Handle<R[]>;
  /** The same with other options. Throws as `task` does. */
  with(o: NodeOptions): Operator<A, R>;
}

/** What makes the nodes of an operator: `add` draws the task, with options that are checked. */
export interface OperatorParts {
  readonly id: string;
  readonly options: NodeOptions;
  check(options: NodeOptions): void;
  add(task: NewTask): TaskDraft;
  readonly task: Pick<NewTask, "operator" | "work">;
}

export function createOperator<A extends readonly unknown[], R>(parts: OperatorParts): Operator<A, R> {
  const { id, options, add, task } = parts;
  const node = (args: readonly unknown[], isMapped: boolean) => {
    const read = args.map((arg, at) => readArgument(arg, `${id}, argument ${at + 1}`));
    if (read.some(({ input }) => input.kind === "each") !== isMapped) throw misplaced(id, isMapped);
    return createHandle<never>(add({ ...task, id, options, arguments: read }), isMapped);
  };
  const operator = (...args: readonly unknown[]) => node(args, false);
  return Object.assign(operator, {
    expand: (...args: readonly unknown[]) => node(args, true),
    with(more: NodeOptions) {
      parts.check(more);
      return createOperator<A, R>({ ...parts, id: more.id ?? id, options: { ...options, ...more } });
    },
  }) as Operator<A, R>;
}

function misplaced(id: string, isMapped: boolean): CeleriacError {
  const advice = isMapped ? "expand() maps over an argument given as each(list); without one, call it" : "each() is for expand()";
  return new CeleriacError("DAG_DEFINITION", `Task ${id}: ${advice}`);
}
