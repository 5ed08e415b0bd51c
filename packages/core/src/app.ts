/** The app: where tasks are defined and sent from. Composes the rooms; everything opens on first use, and an idle producer does not keep the process alive. */
import { randomUUID } from "node:crypto";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AppRuntime } from "./app-runtime.ts";
import { createRuntime } from "./app-runtime.ts";
import type { Call, CallOptions } from "./call.ts";
import { callerModule } from "./call-site.ts";
import { compose } from "./compose.ts";
import { type Config, type Settings, settingTable } from "./config.ts";
import type { TaskContext } from "./context.ts";
import { currentRun } from "./current-run.ts";
import type { DepsScope } from "./deps.ts";
import { type Duration, durationMs } from "./duration.ts";
import { environmentSettings, isProduction, withOverrides } from "./environment.ts";
import { CeleriacError } from "./errors.ts";
import { callHere } from "./local-call.ts";
import { encodeMessage } from "./message.ts";
import { type Middleware, type OutgoingMessage, publishThrough } from "./middleware.ts";
import type { TaskCode } from "./registry.ts";
import { type AsyncResult, createResult, type ResultSource, type Sent } from "./result.ts";
import { ownNames } from "./setting.ts";
import type { Signals } from "./signals.ts";
import { callOf, createTask, createTaskRef, type DeclaredTask, type Task, type TaskHome } from "./task.ts";
import { toWire } from "./task-input.ts";
import { checkTaskOptions, type RunOptions, type SendOptions, type TaskOptions } from "./task-options.ts";

// biome-ignore lint/suspicious/noExplicitAny: Standard Schema's own way to say "any schema"
type Schema = StandardSchemaV1<any, any>;
type In<S extends Schema> = StandardSchemaV1.InferInput<S>;
type Out<S extends Schema> = StandardSchemaV1.InferOutput<S>;
// biome-ignore lint/suspicious/noExplicitAny: any function, for its parameters and result
type AnyFunction = (...args: any) => any;

// biome-ignore lint/complexity/noBannedTypes: no dependencies yet: anything may be read as having none
export interface App<out Deps = {}> extends AsyncDisposable {
  readonly name: string;
  readonly config: Readonly<Settings>;

  /** (name, options?, function). Throws TASK_DUPLICATE, TASK_DEFINITION, CONFIG_UNKNOWN. */
  task<A extends unknown[], R>(name: string, fn: (...args: A) => R): Task<A, Awaited<R>>;
  task<A extends unknown[], R>(name: string, options: TaskOptions<A>, fn: (...args: A) => R): Task<A, Awaited<R>>;
  /** as Celery's bind=True; annotate `self: ContextOf<typeof app, Progress>` to type progress */
  bound<A extends unknown[], R, P>(name: string, fn: (self: TaskContext<P, Deps>, ...args: A) => R): Task<A, Awaited<R>, P>;
  bound<A extends unknown[], R, P>(
    name: string,
    options: TaskOptions<A>,
    fn: (self: TaskContext<P, Deps>, ...args: A) => R,
  ): Task<A, Awaited<R>, P>;
  /** one object, checked by any Standard Schema at publish and at run; kwargs on the wire (the input is sent, never the output) */
  define<I extends Schema, R, P>(
    name: string,
    options: { input: I; output?: StandardSchemaV1<unknown, NoInfer<Awaited<R>>> } & TaskOptions<[input: In<I>]>,
    fn: (self: TaskContext<P, Deps>, input: Out<I>) => R,
  ): Task<[input: In<I>], Awaited<R>, P>;
  /** name and types, no code: written in Python, in another package, or given to implement() by the worker */
  declare<I extends Schema, O extends Schema = StandardSchemaV1<void>, G extends Schema = StandardSchemaV1<unknown>>(
    name: string,
    options: { input: I; output?: O; progress?: G } & SendOptions<[input: In<I>]>,
  ): DeclaredTask<[input: In<I>], Out<O>, Out<G>, [input: Out<I>]>;
  declare<F extends AnyFunction = never, P = unknown>(
    name: string,
    options?: SendOptions<Parameters<F>> & { input?: never },
  ): DeclaredTask<Parameters<F>, Awaited<ReturnType<F>>, P, Parameters<F>>;
  implement<A extends readonly unknown[], R, P, S extends readonly unknown[]>(
    task: DeclaredTask<A, R, P, S>,
    fn: (self: TaskContext<P, Deps>, ...args: S) => NoInfer<R> | Promise<NoInfer<R>>,
  ): Task<A, R, P>;
  implement<A extends readonly unknown[], R, P, S extends readonly unknown[]>(
    task: DeclaredTask<A, R, P, S>,
    options: RunOptions,
    fn: (self: TaskContext<P, Deps>, ...args: S) => NoInfer<R> | Promise<NoInfer<R>>,
  ): Task<A, R, P>;
  /** the same app, with what tasks need; in the worker's package, so that producers never see it */
  withDeps<D extends object>(open: (scope: DepsScope) => D | Promise<D>): App<D>;

  /** Sends a task by name, untyped. */
  sendTask<R = unknown>(name: string, args?: readonly unknown[], options?: CallOptions): Sent<R>;
  /** Handle of a task sent earlier, by whoever. */
  result<R = unknown>(id: string): AsyncResult<R>;
  /** the context of the task that runs now, inside its function and what it calls */
  currentTask(): TaskContext<unknown, Deps> | undefined;

  use(middleware: Middleware<Deps>): this;
  readonly signals: Omit<Signals, "send">;

  /** Connects now instead of at the first call. Throws BROKER_*, BACKEND_*, CONFIG_*. */
  connect(): Promise<void>;
  health(): Promise<{ broker: "up" | "down"; backend: "up" | "down" | "disabled" }>;
  /** Waits for what is being sent (10 s at most unless told), then disconnects. Safe to call twice. */
  close(options?: { deadline?: Duration | undefined }): Promise<void>;
}

/** `type Self<P = unknown> = ContextOf<typeof app, P>` once per project; annotate `self` with it. */
// biome-ignore lint/suspicious/noExplicitAny: any app
export type ContextOf<T extends App<any>, P = unknown> = T extends App<infer D> ? TaskContext<P, D> : never;

export interface AppOptions<Deps> {
  /** amqp://, redis:// or sqlite://; default CELERY_BROKER_URL, else the embedded sqlite://./celeriac.db */
  broker?: string | undefined;
  /** redis://, rpc://, sqlite:// or disabled; default CELERY_RESULT_BACKEND, else what goes with the broker */
  backend?: string | undefined;
  config?: Config | undefined;
  /** modules with tasks, loaded by workers only: [() => import("./tasks/mail.js")] */
  include?: readonly (() => Promise<unknown>)[] | undefined;
  deps?: ((scope: DepsScope) => Deps | Promise<Deps>) | undefined;
}

/** URL prefix of this package's own modules, for telling them from the caller's. */
const ownModules = new URL(".", import.meta.url).href;
const runtimes = new WeakMap<object, AppRuntime>();

/** The machinery of an app, for workers; undefined for what is no app. */
export function runtimeOf(app: unknown): AppRuntime | undefined {
  return typeof app === "object" && app !== null ? runtimes.get(app) : undefined;
}

/** Throws CONFIG_UNKNOWN, CONFIG_INVALID. Opens and reads nothing but the environment variables that settings name. */
// biome-ignore lint/complexity/noBannedTypes: as above
export function createApp<Deps extends object = {}>(name: string, options: AppOptions<Deps> = {}): App<Deps> {
  const given = withOverrides(settingTable, {
    ...environmentSettings(settingTable),
    ...ownNames(settingTable, options.config ?? {}),
    ...defined({ brokerUrl: options.broker, resultBackend: options.backend }),
  });
  const runtime = createRuntime({
    name,
    module: callerModule(ownModules),
    config: given,
    include: options.include ?? [],
    deps: options.deps,
    brokerRequired: isProduction() && !("brokerUrl" in given),
  });
  const app = buildApp(runtime);
  runtimes.set(app, runtime);
  return app as unknown as App<Deps>;
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ""));
}

/** Untyped within: the overloads of `App` are what users see. */
function buildApp(runtime: AppRuntime) {
  const sending = new Set<Promise<unknown>>();
  const home = createHome(runtime, sending);

  const define = (kind: TaskCode["kind"], name: string, options: Readonly<Record<string, unknown>>, run: AnyFunction | null) => {
    checkTaskOptions(name, options);
    if (run !== null && /^(async )?\s*(function\s*)?\*/.test(Function.prototype.toString.call(run)))
      throw new CeleriacError("TASK_DEFINITION", `Task ${name} is a generator function: return its values, or send them as tasks`);
    const { input, output, progress, ...own } = options;
    const code = run === null ? { kind: "declared" as const } : ({ kind, run } as TaskCode);
    runtime.registry.add({
      name,
      options: own,
      input: (input as StandardSchemaV1 | undefined) ?? null,
      code,
      module: callerModule(ownModules),
    });
    return run === null ? createTaskRef(home, name) : createTask(home, name, (args) => callHere(runtime, name, args));
  };
  const withOptional = (kind: TaskCode["kind"]) => (name: string, second: AnyFunction | object, third?: AnyFunction) =>
    typeof second === "function"
      ? define(kind, name, {}, second as AnyFunction)
      : define(kind, name, second as Record<string, unknown>, third ?? null);

  const app = {
    name: runtime.name,
    config: runtime.settings,
    task: withOptional("plain"),
    bound: withOptional("bound"),
    define: withOptional("bound"),
    declare: (name: string, options: object = {}) => define("declared", name, { ...options }, null),
    implement(task: { readonly name: string }, second: AnyFunction | object, third?: AnyFunction) {
      const declared = runtime.registry.get(task.name);
      const run = {
        ...(declared?.options ?? {}),
        ...(declared?.input == null ? {} : { input: declared.input }),
        ...(typeof second === "function" ? {} : second),
      };
      return define("bound", task.name, run, (typeof second === "function" ? second : third) as AnyFunction);
    },
    withDeps(open: (scope: DepsScope) => unknown) {
      runtime.setDeps(open);
      return app;
    },
    sendTask: (name: string, args: readonly unknown[] = [], options: CallOptions = {}) => home.send(callOf(name, args, options)),
    result: (id: string) => home.result(id, null),
    currentTask: () => currentRun()?.context,
    use(middleware: Middleware) {
      runtime.middleware.push(middleware);
      return app;
    },
    signals: runtime.signals,
    async connect() {
      const { broker, backend } = await runtime.links();
      await Promise.all([broker.connect(), backend?.connect()]);
    },
    health: () => health(runtime),
    async close({ deadline = "10s" }: { deadline?: Duration | undefined } = {}) {
      await Promise.race([
        Promise.allSettled(sending),
        runtime.clock.sleep(durationMs(deadline, "deadline"), undefined, { background: true }),
      ]);
      await runtime.close();
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
  return app;
}

async function health(runtime: AppRuntime): Promise<{ broker: "up" | "down"; backend: "up" | "down" | "disabled" }> {
  const { broker, backend } = await runtime.links();
  const ask = (answer: Promise<void>) =>
    answer.then(
      () => "up" as const,
      () => "down" as const,
    );
  const [brokerState, backendState] = await Promise.all([
    ask(broker.health()),
    backend === null ? ("disabled" as const) : ask(backend.health()),
  ]);
  return { broker: brokerState, backend: backendState };
}

/** Sending and looking up, as tasks and signatures need it. */
function createHome(
  runtime: AppRuntime,
  sending: Set<Promise<unknown>>,
): TaskHome & { result<R, P>(id: string, taskName: string | null): AsyncResult<R, P> } {
  const source: ResultSource = {
    clock: runtime.clock,
    async backend() {
      const { backend } = await runtime.links();
      if (backend === null) throw new CeleriacError("RESULT_DISABLED", "No result backend: results of this app are not stored");
      return backend;
    },
    revive(taskName, remote) {
      const listed = taskName === null ? undefined : runtime.registry.get(taskName)?.options.throws;
      const found = listed?.find((kind) => kind.name === remote.type) as (new (...args: readonly unknown[]) => Error) | undefined;
      return found === undefined ? undefined : new found(...remote.args);
    },
  };
  const publishTimeoutMs = durationMs(runtime.settings.publishTimeout, "publishTimeout");

  async function send(call: Call, id: string): Promise<void> {
    const definition = runtime.registry.get(call.task);
    const { broker, backend, producer } = await runtime.links();
    const { args, kwargs } = definition === undefined ? call : await toWire(definition, call);
    const run = currentRun();
    const parent = run === undefined ? null : { rootId: run.context.request.rootId, parentId: run.context.request.id };
    const { message, route } = compose(runtime.composeContext(backend?.replyTo ?? null), { ...call, args, kwargs }, definition, id, parent);
    const outgoing: OutgoingMessage = { id, task: call.task, args, kwargs, headers: { ...message.headers }, options: call.options };
    // The reply queue of rpc:// must exist before a worker can answer.
    const before = backend === null || backend.replyTo === null ? undefined : () => backend.connect();
    const publish = () => {
      const envelope = encodeMessage({ ...message, headers: outgoing.headers }, runtime.clock.now(), runtime.settings.maxMessageBytes);
      const dueAt = broker.parksOnPublish && message.etaAt !== null ? message.etaAt : undefined;
      const { abort, retry, publishTimeout } = call.options;
      const timeoutMs = publishTimeout === undefined ? publishTimeoutMs : durationMs(publishTimeout, "publishTimeout");
      return producer.publish(
        { envelope, route, dueAt, guarded: call.options.taskId !== undefined },
        { timeoutMs, retry: retry ?? true, abort, before },
      );
    };
    runtime.signals.send("beforeTaskPublish", () => outgoing);
    if (runtime.middleware.length === 0) await publish();
    else await publishThrough(runtime.middleware, outgoing, publish);
    run?.children.push([[id, null], null]);
    runtime.signals.send("afterTaskPublish", () => outgoing);
  }

  return {
    send<R, P>(call: Call): Sent<R, P> {
      const id = call.options.taskId ?? randomUUID();
      const sent = send(call, id).then(() => createResult<R, P>(source, id, call.task, { known: true }));
      sending.add(sent);
      const done = () => void sending.delete(sent);
      sent.then(done, done);
      return Object.assign(sent, { get: async (options?: Parameters<AsyncResult<R, P>["get"]>[0]) => (await sent).get(options) });
    },
    result: <R, P>(id: string, taskName: string | null) => createResult<R, P>(source, id, taskName, { known: false }),
  };
}
