/** The app: where tasks are defined and sent from. Composes the rooms; everything opens on first use, and an idle producer does not keep the process alive. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AppRuntime } from "./app-runtime.ts";
import { createRuntime } from "./app-runtime.ts";
import { type CallOptions, createCall } from "./call.ts";
import { callerModule } from "./call-site.ts";
import { joined } from "./canvas/join.ts";
import { readSignature } from "./canvas/read-signature.ts";
import { createSignature, type Signature } from "./canvas/signature.ts";
import { readCelerySchedule } from "./celery-schedule.ts";
import { type Config, type Settings, settingTable } from "./config.ts";
import { nameConfig } from "./config-names.ts";
import type { TaskContext } from "./context.ts";
import { type Control, createControl } from "./control.ts";
import type { CredentialsHook } from "./credentials.ts";
import { currentRun } from "./current-run.ts";
import { type CustomCommandOptions, customCommand, type RunCommand } from "./custom-command.ts";
import type { DepsScope } from "./deps.ts";
import { type Duration, durationMs } from "./duration.ts";
import { environmentSettings, isProduction, withOverrides } from "./environment.ts";
import { BrokerError, CeleriacError, ConfigError } from "./errors.ts";
import type { GroupResult } from "./group-result.ts";
import { callHere } from "./local-call.ts";
import type { Logger } from "./logger.ts";
import type { Middleware } from "./middleware.ts";
import { checkOptions, isRecord, isText, type OptionCheck } from "./option-check.ts";
import type { TaskCode } from "./registry.ts";
import type { AsyncResult, Sent } from "./result.ts";
import type { Schedule } from "./schedule.ts";
import { declareEntry, type ScheduleOptions } from "./schedule-entry.ts";
import { createSchedules, refuseUnseen, type Schedules } from "./schedules.ts";
import { withSecretFiles } from "./secret-file.ts";
import { createSender } from "./sender.ts";
import { shownValue } from "./setting.ts";
import { publicSignals, type Signals } from "./signals.ts";
import { type Step, stepJson } from "./step.ts";
import { createTask, createTaskRef, type DeclaredTask, type Task } from "./task.ts";
import { checkTaskOptions, type RunOptions, type SendOptions, type TaskOptions } from "./task-options.ts";

// biome-ignore lint/suspicious/noExplicitAny: Standard Schema's own way to say "any schema"
type Schema = StandardSchemaV1<any, any>;
type In<S extends Schema> = StandardSchemaV1.InferInput<S>;
type Out<S extends Schema> = StandardSchemaV1.InferOutput<S>;
// biome-ignore lint/suspicious/noExplicitAny: any function, for its parameters and result
type AnyFunction = (...args: any) => any;

export interface Health {
  readonly broker: "up" | "blocked" | "down";
  readonly backend: "up" | "down" | "disabled";
}

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
  /**
   * Handle of a group whose GroupResult was saved, by us or by Python: its members in their order, and the steps before it. null where nothing is saved,
   * or no longer (resultExpires). Throws RESULT_DISABLED, RESULT_GROUPS, RESULT_UNREADABLE, BACKEND_*.
   */
  restoreGroup<R = unknown>(id: string): Promise<GroupResult<R[]> | null>;
  /** Revives what toJSON() wrote, here or in Python, e.g. a signature that came as an argument. Throws CONFIG_INVALID for what is no signature. */
  signature<A extends readonly unknown[] = [], R = unknown>(json: object): Signature<A, R>;
  /** the context of the task that runs now, inside its function and what it calls */
  currentTask(): TaskContext<unknown, Deps> | undefined;

  use(middleware: Middleware<Deps>): this;
  readonly signals: Signals;

  /** An entry of the schedule, which beat sends when it is due; the last one of a name counts. Throws SCHEDULE_INVALID, CONFIG_*. */
  schedule(name: string, when: Schedule, what: Step<[], unknown>, options?: ScheduleOptions): void;
  /** the schedule while it runs */
  readonly schedules: Schedules;

  /** remote control of workers */
  readonly control: Control;
  /** A command of remote control that this app's workers carry out, beside Celery's own; the last one of a name counts. Throws CONTROL_ARGUMENTS. */
  command(name: string, run: RunCommand): void;
  command(name: string, options: CustomCommandOptions, run: RunCommand): void;

  /** Connects now instead of at the first call. Throws BROKER_*, BACKEND_*, CONFIG_*. */
  connect(): Promise<void>;
  /** Asks both now. "blocked": RabbitMQ is connected and takes no publications (BROKER_BLOCKED). Throws CONFIG_*. */
  health(): Promise<Health>;
  /** Waits for what is being sent (10 s at most unless told), then disconnects. Safe to call twice. */
  close(options?: { deadline?: Duration | undefined }): Promise<void>;
}

/** `type Self<P = unknown> = ContextOf<typeof app, P>` once per project; annotate `self` with it. */
// biome-ignore lint/suspicious/noExplicitAny: any app
export type ContextOf<T extends App<any>, P = unknown> = T extends App<infer D> ? TaskContext<P, D> : never;

export interface AppOptions<Deps> {
  /** amqp://, amqps://, redis://, rediss://, sentinel://, redis+cluster://, sqlite:// or memory://; several of RabbitMQ are tried in turn; default CELERY_BROKER_URL, else the embedded sqlite://./celeriac.db */
  broker?: string | readonly string[] | undefined;
  /** redis://, rediss://, sentinel://, redis+cluster://, rpc://, sqlite://, db+postgresql://, db+sqlite://, memory:// or disabled; default CELERY_RESULT_BACKEND, else what goes with the broker */
  backend?: string | undefined;
  config?: Config | undefined;
  /** User and password that rotate: asked at each connect to Redis, RabbitMQ or PostgreSQL, in place of what the URL says. */
  credentials?: CredentialsHook | undefined;
  /** modules with tasks, loaded by workers only: [() => import("./tasks/mail.js")] */
  include?: readonly (() => Promise<unknown>)[] | undefined;
  /** Gets what the app has to say in this process: connections lost and back, settings that do nothing. A worker's own logger takes its place. */
  logger?: Logger | undefined;
  deps?: ((scope: DepsScope) => Deps | Promise<Deps>) | undefined;
}

/** URL prefix of this package's own modules, for telling them from the caller's. */
const ownModules = new URL(".", import.meta.url).href;
const runtimes = new WeakMap<object, AppRuntime>();

/** The machinery of an app, for workers; undefined for what is no app. */
export function runtimeOf(app: unknown): AppRuntime | undefined {
  return typeof app === "object" && app !== null ? runtimes.get(app) : undefined;
}

const levels = ["debug", "info", "warn", "error"] as const satisfies readonly (keyof Logger)[];

const optionChecks: Readonly<Record<keyof AppOptions<unknown>, OptionCheck>> = {
  broker: (value) => isUrl(value) || (Array.isArray(value) && value.every(isUrl)),
  backend: isUrl,
  config: isRecord,
  include: (value) => Array.isArray(value) && value.every((load) => typeof load === "function"),
  credentials: (value) => typeof value === "function",
  logger: (value) => isRecord(value) && levels.every((level) => typeof (value as Record<string, unknown>)[level] === "function"),
  deps: (value) => typeof value === "function",
};

/** An empty one is an unset environment variable. */
function isUrl(value: unknown): boolean {
  return typeof value === "string";
}

/** Throws CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_FILE. Opens nothing, and reads nothing but the environment variables and files that settings name. */
// biome-ignore lint/complexity/noBannedTypes: as above
export function createApp<Deps extends object = {}>(name: string, options: AppOptions<Deps> = {}): App<Deps> {
  if (!isText(name)) throw new ConfigError("CONFIG_INVALID", `An app's name is a text, got ${shownValue(name)}`);
  // Values may hold passwords.
  checkOptions(
    "createApp",
    optionChecks,
    options,
    (option) => new ConfigError("CONFIG_INVALID", `createApp: option ${option} does not fit`),
  );
  const { own, unused } = nameConfig(options.config ?? {});
  const given = withOverrides(settingTable, {
    ...environmentSettings(settingTable),
    ...withSecretFiles(settingTable, own),
    ...defined({ brokerUrl: options.broker, resultBackend: options.backend }),
  });
  const runtime = createRuntime({
    name,
    module: callerModule(ownModules),
    config: given,
    unusedSettings: unused,
    include: options.include ?? [],
    deps: options.deps,
    credentials: options.credentials,
    logger: options.logger,
    brokerRequired: isProduction() && !("brokerUrl" in given),
  });
  for (const entry of readCelerySchedule(runtime.settings.beatSchedule)) {
    refuseUnseen(runtime.settings, entry);
    runtime.schedule.set(entry.definition.name, entry);
  }
  const app = buildApp(runtime);
  runtimes.set(app, runtime);
  return app as unknown as App<Deps>;
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ""));
}

/** Untyped within: the overloads of `App` are what users see. */
function buildApp(runtime: AppRuntime) {
  const sender = createSender(runtime);

  const define = (kind: "plain" | "bound", name: string, options: object, run: unknown) => {
    if (typeof run !== "function") throw new CeleriacError("TASK_DEFINITION", `Task ${name} has no function, got ${shownValue(run)}`);
    if (Object.prototype.toString.call(run).endsWith("GeneratorFunction]"))
      throw new CeleriacError("TASK_DEFINITION", `Task ${name} is a generator function: return its values, or send them as tasks`);
    register(name, options, { kind, run: run as AnyFunction });
    return createTask(sender, name, (args) => callHere(runtime, name, args));
  };
  const register = (name: string, options: object, code: TaskCode) => {
    checkTaskOptions(name, options);
    const { input, output, progress, ...own } = options as { readonly input?: StandardSchemaV1; output?: unknown; progress?: unknown };
    runtime.registry.add({ name, options: own, input: input ?? null, code, module: callerModule(ownModules) });
  };
  const withOptional = (kind: "plain" | "bound") => (name: string, second: unknown, third?: unknown) =>
    isRecord(second) ? define(kind, name, second as object, third) : define(kind, name, {}, second);

  const app = {
    name: runtime.name,
    config: runtime.settings,
    task: withOptional("plain"),
    bound: withOptional("bound"),
    define: withOptional("bound"),
    declare(name: string, options: object = {}) {
      register(name, options, { kind: "declared" });
      return createTaskRef(sender, name);
    },
    implement({ name }: { readonly name: string }, second: unknown, third?: unknown) {
      const declared = runtime.registry.get(name);
      if (declared === undefined)
        throw new CeleriacError(
          "TASK_DEFINITION",
          `Task ${name} was not declared on app ${runtime.name}: implement it on the app that declares it`,
        );
      const contract = { ...declared.options, ...(declared.input === null ? {} : { input: declared.input }) };
      return isRecord(second)
        ? define("bound", name, { ...contract, ...(second as object) }, third)
        : define("bound", name, contract, second);
    },
    withDeps(open: (scope: DepsScope) => unknown) {
      runtime.setDeps(open);
      return app;
    },
    sendTask: (name: string, args: readonly unknown[] = [], options: CallOptions = {}) =>
      sender.send(() => createCall(name, args, options)),
    result: (id: string) => sender.result(id, null),
    restoreGroup: <R>(id: string) => sender.restoreGroup<R>(id),
    signature(json: object) {
      const refuse = (what: string) => new ConfigError("CONFIG_INVALID", `app.signature: ${what}`);
      return createSignature<never, never>(sender, joined([readSignature(json, "json", refuse)]));
    },
    currentTask: () => currentRun()?.context,
    use(middleware: Middleware) {
      runtime.middleware.push(middleware);
      return app;
    },
    signals: publicSignals(runtime.signals),
    schedule(name: string, when: Schedule, what: Step<[], unknown>, options?: ScheduleOptions) {
      const entry = declareEntry(name, when, stepJson(what), options);
      refuseUnseen(runtime.settings, entry);
      runtime.schedule.set(name, entry);
    },
    schedules: createSchedules(runtime, sender),
    control: createControl(runtime),
    command(name: string, second: unknown, third?: unknown) {
      const [options, run] = isRecord(second) ? [second as CustomCommandOptions, third] : [{}, second];
      runtime.commands.set(name, customCommand(name, options, run as RunCommand));
    },
    async connect() {
      const { broker, backend } = await runtime.links();
      await Promise.all([broker.connect(), backend?.connect(), backend?.openReplies?.()]);
    },
    health: () => health(runtime),
    async close({ deadline = "10s" }: { deadline?: Duration | undefined } = {}) {
      await Promise.race([sender.flushed(), runtime.clock.sleep(durationMs(deadline, "deadline"), undefined, { background: true })]);
      await runtime.close();
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
  return app;
}

async function health(runtime: AppRuntime): Promise<Health> {
  if (runtime.closed) return { broker: "down", backend: "down" };
  const { broker, backend } = await runtime.links();
  const ask = <S extends string>(answer: Promise<void>, otherwise: (error: unknown) => S) => answer.then(() => "up" as const, otherwise);
  const [brokerState, backendState] = await Promise.all([
    ask(broker.health(), (error) => (BrokerError.is(error) && error.code === "BROKER_BLOCKED" ? "blocked" : "down")),
    backend === null ? ("disabled" as const) : ask(backend.health(), () => "down" as const),
  ]);
  return { broker: brokerState, backend: backendState };
}
