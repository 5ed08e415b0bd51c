/** What the function of a DAG draws it with. */
import type { TaskRef } from "@celeriac/core";
import { CeleriacError, isRecord, isText, type OptionCheck, shownValue } from "@celeriac/core/runtime";
import { bashWork } from "../operators/bash.ts";
import { branchWork, type Choose } from "../operators/branch.ts";
import { functionWork } from "../operators/function.ts";
import { type HttpOptions, httpChecks, httpWork } from "../operators/http.ts";
import { type SensorOptions, sensorChecks, sensorWork } from "../operators/sensor.ts";
import { shortCircuitWork, type Test } from "../operators/short-circuit.ts";
import { type SqlOptions, sqlChecks, sqlWork } from "../operators/sql.ts";
import { taskWork } from "../operators/task.ts";
import { type TriggerOptions, triggerChecks, triggerWork } from "../operators/trigger.ts";
import type { RunContext } from "../runner/run-context.ts";
import { readArgument } from "./argument.ts";
import { type Branch, createBranch } from "./branch.ts";
import { createFreeHandle, createHandle, createNode, type Handle, type Node, type OrHandle } from "./handle.ts";
import { runKeys } from "./input.ts";
import { addTask, type NewTask, placeId } from "./new-task.ts";
import { checkNodeOptions, type NodeOptions } from "./node-options.ts";
import { createOperator, type HandleArgs, type Operator } from "./operator.ts";
import type { DagDraft, TaskDraft } from "./task-draft.ts";

/** All throw DAG_DEFINITION, DAG_DUPLICATE, DAG_HANDLE, CONFIG_UNKNOWN with the nearest name of an option, CONFIG_DURATION. */
export interface DagBuilder {
  /** a task of the app, or a function that exists in this DAG only */
  // biome-ignore lint/suspicious/noExplicitAny: whatever it tells of its progress
  task<A extends readonly unknown[], R>(task: TaskRef<A, R, any>, o?: NodeOptions): Operator<A, R>;
  task<A extends unknown[], R>(id: string, fn: (run: RunContext, ...args: A) => R): Operator<A, Awaited<R>>;
  task<A extends unknown[], R>(id: string, o: NodeOptions, fn: (run: RunContext, ...args: A) => R): Operator<A, Awaited<R>>;
  /** A command line; gives the last line of its output. Exit code 99: skipped. `env`: variables beside those of the worker. */
  bash(id: string, command: string, o?: NodeOptions & { env?: Readonly<Record<string, OrHandle<string>>> }): Handle<string>;
  /** Statements on a connection, in one transaction; gives the rows of the last one, as JSON. */
  sql<Row = Record<string, unknown>>(id: string, connectionId: string, sql: string, o?: SqlOptions): Handle<Row[]>;
  /** A request below the address of a connection; gives what is answered, JSON or text. A status of 400 or more fails it. */
  http(id: string, connectionId: string, o: HttpOptions & { expect: "text" }): Handle<string>;
  http<T = unknown>(id: string, connectionId: string, o?: HttpOptions): Handle<T>;
  /** `undefined` or `false` = not yet; `true` or any other value ends the wait and is what the handle gives */
  sensor<T>(id: string, o: SensorOptions, poke: (run: RunContext) => T | Promise<T>): Handle<Exclude<Awaited<T>, undefined | false>>;
  /** Of the tasks that `on` puts behind it, those of the chosen key, or keys, go on; the others are skipped. */
  branch<A extends unknown[], const K extends string>(
    id: string,
    choose: (run: RunContext, ...args: A) => K | readonly K[] | Promise<K | readonly K[]>,
  ): (...args: HandleArgs<A>) => Branch<K>;
  branch<A extends unknown[], const K extends string>(
    id: string,
    o: NodeOptions,
    choose: (run: RunContext, ...args: A) => K | readonly K[] | Promise<K | readonly K[]>,
  ): (...args: HandleArgs<A>) => Branch<K>;
  /** Where it gives false, all that stands behind it is skipped, however far, whatever the rules there. */
  shortCircuit<A extends unknown[]>(
    id: string,
    test: (run: RunContext, ...args: A) => boolean | Promise<boolean>,
  ): (...args: HandleArgs<A>) => Node;
  shortCircuit<A extends unknown[]>(
    id: string,
    o: NodeOptions,
    test: (run: RunContext, ...args: A) => boolean | Promise<boolean>,
  ): (...args: HandleArgs<A>) => Node;
  /** Starts a run of another DAG: one, however often it is tried. */
  trigger(dag: { readonly id: string } | string, o?: TriggerOptions): Node;
  /** Its tasks have its id in front. Groups nest. */
  group<T>(id: string, build: () => T): T;
  /** values known only in a run, as handles: d.run("intervalStart") */
  run<K extends "runId" | "logicalDate" | "intervalStart" | "intervalEnd" | "params">(key: K): Handle<RunContext[K]>;
}

type AnyFunction = (...args: never[]) => unknown;

/** `defaults`: options of tasks that do not say otherwise. */
export function createBuilder(dag: DagDraft, defaults: NodeOptions): DagBuilder {
  let group: string | null = null;
  const add = (task: NewTask): TaskDraft => addTask(dag, defaults, group, task);
  const what = (id: string) => `task ${id} of the DAG ${dag.id}`;
  const checked = <O extends NodeOptions>(id: string, options: O, more: Readonly<Record<string, OptionCheck>> = {}): O => {
    checkNodeOptions(what(id), options, more);
    return options;
  };
  const operator = (id: string, options: NodeOptions, task: Pick<NewTask, "operator" | "work">) =>
    createOperator<never, never>({ id, options: checked(id, options), check: (more) => checked(id, more), add, task });
  /** A node of a task whose arguments have names. */
  const named = (id: string, options: NodeOptions, values: Readonly<Record<string, unknown>>, task: Pick<NewTask, "operator" | "work">) => {
    const read = Object.entries(values).map(([name, value]) => readArgument(value, `${what(id)}, ${name}`));
    if (read.some(({ input }) => input.kind === "each")) throw refused(id, "each() is for expand()");
    return add({ ...task, id, options, arguments: read });
  };
  const refused = (id: string, why: string) => new CeleriacError("DAG_DEFINITION", `${what(id)}: ${why}`);
  const functionOf = <F extends AnyFunction>(id: string, fn: unknown): F => {
    if (typeof fn !== "function") throw refused(id, `expected a function, got ${shownValue(fn)}`);
    return fn as F;
  };
  /** (id, fn) or (id, options, fn) */
  const read = <F extends AnyFunction>(id: string, given: readonly unknown[]): { readonly options: NodeOptions; readonly fn: F } => {
    const [options, fn] = given.length > 1 ? [given[0], given[1]] : [{}, given[0]];
    if (!isRecord(options)) throw refused(id, `expected options, got ${shownValue(options)}`);
    return { options: checked(id, options as NodeOptions), fn: functionOf<F>(id, fn) };
  };
  const numbered = (args: readonly unknown[]) => Object.fromEntries(args.map((arg, at) => [`argument ${at + 1}`, arg] as const));

  const builder: { readonly [K in keyof DagBuilder]: (...args: never[]) => unknown } = {
    task(first: { readonly name: string } | string, ...more: unknown[]) {
      if (typeof first === "string") {
        const { options, fn } = read<(run: RunContext, ...args: never[]) => unknown>(first, more);
        return operator(options.id ?? first, options, { operator: "function", work: () => functionWork(fn) });
      }
      const name = taskName(dag, first);
      const options = (more[0] ?? {}) as NodeOptions;
      return operator(options.id ?? lastPart(name), options, { operator: "task", work: () => taskWork(name) });
    },
    bash(id: string, command: string, options: NodeOptions & { env?: Readonly<Record<string, unknown>> } = {}) {
      const { env = {} } = checked(id, options, { env: isRecord });
      if (!isText(command)) throw refused(id, `expected a command line, got ${shownValue(command)}`);
      const task = named(options.id ?? id, options, env, { operator: "bash", work: () => bashWork(command, Object.keys(env)) });
      return createHandle(task, false);
    },
    sql(id: string, connectionId: string, sql: string, options: SqlOptions = {}) {
      const { params = [] } = checked(id, options, sqlChecks);
      if (!isText(connectionId)) throw refused(id, `expected the id of a connection, got ${shownValue(connectionId)}`);
      if (!isText(sql)) throw refused(id, `expected SQL, got ${shownValue(sql)}`);
      const work = () => sqlWork(connectionId, sql);
      return createHandle(named(options.id ?? id, options, numbered(params), { operator: "sql", work }), false);
    },
    http(id: string, connectionId: string, options: HttpOptions = {}) {
      const { path, body, headers = {} } = checked(id, options, httpChecks);
      if (!isText(connectionId)) throw refused(id, `expected the id of a connection, got ${shownValue(connectionId)}`);
      const work = () => httpWork(connectionId, Object.keys(headers), options);
      const values = { path, body, ...prefixed("header ", headers) };
      return createHandle(named(options.id ?? id, options, values, { operator: "http", work }), false);
    },
    sensor(id: string, options: SensorOptions, poke: unknown) {
      const look = functionOf<(run: RunContext) => unknown>(id, poke);
      const work = () => sensorWork(options, look);
      return createHandle(named(options.id ?? id, checked(id, options, sensorChecks), {}, { operator: "sensor", work }), false);
    },
    branch(id: string, ...given: unknown[]) {
      const { options, fn } = read<Choose>(id, given);
      return (...args: readonly unknown[]) => {
        const routes = new Map<string, Set<TaskDraft>>();
        const work = (task: TaskDraft) => branchWork(fn, routes, task);
        return createBranch(named(options.id ?? id, options, numbered(args), { operator: "branch", work }), routes);
      };
    },
    shortCircuit(id: string, ...given: unknown[]) {
      const { options, fn } = read<Test>(id, given);
      const work = (task: TaskDraft) => shortCircuitWork(fn, task);
      return (...args: readonly unknown[]) =>
        createNode(named(options.id ?? id, options, numbered(args), { operator: "short_circuit", work }));
    },
    trigger(other: { readonly id: string } | string, options: TriggerOptions = {}) {
      const dagId = typeof other === "string" ? other : other.id;
      const id = options.id ?? `trigger_${dagId.replaceAll(".", "_")}`;
      const { params = {} } = checked(id, options, triggerChecks);
      const work = () => triggerWork(dagId, Object.keys(params), options);
      return createNode(named(id, options, params, { operator: "trigger", work }));
    },
    group(id: string, build: () => unknown) {
      const outer = group;
      const full = placeId(dag, outer, id, "group");
      dag.groups.set(full, Object.freeze({ id: full, parent: outer }));
      group = full;
      try {
        return build();
      } finally {
        group = outer;
      }
    },
    run(key: (typeof runKeys)[number]) {
      if (!runKeys.includes(key)) throw new CeleriacError("DAG_DEFINITION", `run(${shownValue(key)}): a run has ${runKeys.join(", ")}`);
      return createFreeHandle(`run(${JSON.stringify(key)})`, { kind: "run", key, path: [] }, []);
    },
  };
  return Object.freeze(builder) as DagBuilder;
}

function prefixed(prefix: string, values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function taskName(dag: DagDraft, task: unknown): string {
  const name: unknown = (task as { readonly name?: unknown } | null | undefined)?.name;
  const isReference = typeof (task as { readonly applyAsync?: unknown } | null | undefined)?.applyAsync === "function";
  if (isReference && typeof name === "string") return name;
  throw new CeleriacError("DAG_DEFINITION", `The DAG ${dag.id}: task() takes a task of the app, or an id and a function`);
}

/** "shop.orders.add" → "add" */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
