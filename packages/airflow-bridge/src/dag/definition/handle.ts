/** What the author of a DAG holds of a task: a node with edges, and a handle for what it will give. Neither is the value, which is there only in a run. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { Input } from "./input.ts";
import { connect, type TaskDraft } from "./task-draft.ts";

export interface Node {
  /** groups in front: "load.rows" */
  readonly id: string;
  /** These wait for it. Gives itself. */
  before(...later: readonly Node[]): this;
  /** It waits for these. Gives itself. */
  after(...earlier: readonly Node[]): this;
}

declare const yields: unique symbol;
/** What a node will give when it has run. Not a value: it has no fields of T, no `then`, and throws when put in a string. */
export interface Handle<out T> extends Node {
  readonly [yields]: T;
  /** a part of it */
  pick<K extends keyof T>(key: K): Handle<T[K]>;
}

export type OrHandle<T> = T | Handle<T>;

/** What stands behind a node or a handle. */
export interface Origin {
  /** null: it gives nothing that could be passed */
  readonly input: Input | null;
  /** who is to run before its value is there */
  readonly tasks: readonly TaskDraft[];
}

const origins = new WeakMap<object, Origin>();

/** undefined for what is neither node nor handle */
export function originOf(value: unknown): Origin | undefined {
  return typeof value === "object" && value !== null ? origins.get(value) : undefined;
}

export function createNode(task: TaskDraft): Node {
  return withOrigin({ input: null, tasks: [task] }, edgesOf(task));
}

/** A node that can do more. */
export function extendNode(task: TaskDraft, more: object): Node {
  return withOrigin({ input: null, tasks: [task] }, { ...edgesOf(task), ...more });
}

/** `isMapped`: of a task that has an instance per item, whose handle is for the list of what they give. */
export function createHandle<T>(task: TaskDraft, isMapped: boolean): Handle<T> {
  return handleOf({ kind: "xcom", taskId: task.id, list: isMapped, path: [] }, [task], edgesOf(task));
}

/** Of what no single task gives. */
export function createFreeHandle<T>(name: string, input: Input, tasks: readonly TaskDraft[]): Handle<T> {
  const refuse = () => {
    throw new CeleriacError("DAG_HANDLE", `${name} is no task: before() and after() are for what runs`);
  };
  return handleOf(input, tasks, { id: name, before: refuse, after: refuse });
}

function handleOf<T>(input: Input, tasks: readonly TaskDraft[], node: Node): Handle<T> {
  const pick = (key: PropertyKey) => handleOf(partOf(input, key), tasks, node);
  const handle: Node = { ...node, ...{ pick } };
  return withOrigin({ input, tasks }, handle) as Handle<T>;
}

function partOf(input: Input, key: PropertyKey): Input {
  if (input.kind === "xcom" || input.kind === "run") return { ...input, path: [...input.path, String(key)] };
  throw new CeleriacError(
    "DAG_HANDLE",
    `pick(${JSON.stringify(String(key))}) of what zip() gives: pick from what is zipped, or in the task`,
  );
}

function edgesOf(task: TaskDraft): Node {
  return {
    id: task.id,
    before(...later) {
      for (const each of later) connect(task, taskOf(each, `${task.id}.before()`));
      return this;
    },
    after(...earlier) {
      for (const each of earlier) connect(taskOf(each, `${task.id}.after()`), task);
      return this;
    },
  };
}

/** The task that a node stands for. Throws DAG_HANDLE for what is none. */
export function taskOf(node: unknown, where: string): TaskDraft {
  const task = originOf(node)?.tasks[0];
  if (task !== undefined && (node as Node).id === task.id) return task;
  throw new CeleriacError("DAG_HANDLE", `${where}: expected what an operator of a DAG gave`);
}

function withOrigin(origin: Origin, value: Node): Node {
  const refuse = () => {
    throw new CeleriacError(
      "DAG_HANDLE",
      `What ${value.id} gives is known only in a run: pass the handle itself as an argument of a task, not within a text or an object`,
    );
  };
  const handle = Object.freeze({ ...value, [Symbol.toPrimitive]: refuse, toJSON: refuse });
  origins.set(handle, origin);
  return handle;
}
