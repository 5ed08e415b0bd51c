/** The machinery behind an app: what is opened once, on first use, and shared by everything that sends, waits or runs. Workers reach it through `runtimeOf`. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ResultBackend } from "./backend.ts";
import type { Broker } from "./broker.ts";
import { mappedTask } from "./canvas/map.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { ComposeContext } from "./compose.ts";
import { type Settings, settingTable } from "./config.ts";
import type { UnusedSetting } from "./config-names.ts";
import { acceptedNames, type ContentRules, contentRules } from "./content.ts";
import type { Coordinator } from "./coordinator.ts";
import { type CredentialsHook, type CredentialsRequest, type CredentialsSources, createCredentialsSource } from "./credentials.ts";
import type { CustomCommand } from "./custom-command.ts";
import { createQueueTable } from "./declared-queues.ts";
import { createDepsHolder, type DepsHolder, type DepsOpener } from "./deps.ts";
import type { DriverContext } from "./driver.ts";
import { CeleriacError, ConfigError } from "./errors.ts";
import { createEventDispatcher, type EventDispatcher } from "./events/dispatcher.ts";
import { createLamportClock, type LamportClock } from "./lamport-clock.ts";
import { importing, loadModule } from "./load-module.ts";
import { type Logger, latestLogger, silentLogger } from "./logger.ts";
import type { Middleware } from "./middleware.ts";
import { openBackend, openBroker, openCoordinator, openScheduleStore, requireCoordinator } from "./open.ts";
import { createProducer, type Producer } from "./producer.ts";
import type { QueueTable } from "./queue-table.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { resultTextOf } from "./result-form.ts";
import { createRouter, type Router } from "./router.ts";
import type { DeclaredEntry } from "./schedule-entry.ts";
import type { ScheduleStore } from "./schedule-store.ts";
import { resolveSettings } from "./setting.ts";
import { createSignals, type SignalSender } from "./signals.ts";

/** What is open once a broker was first needed. */
export interface Links {
  readonly broker: Broker;
  readonly backend: ResultBackend | null;
  readonly producer: Producer;
  /** what tells of tasks that were sent; null unless taskSendSentEvent */
  readonly sentEvents: EventDispatcher | null;
}

export interface AppRuntime {
  readonly name: string;
  /** what it was made from */
  readonly options: RuntimeOptions;
  /** URL of the module that called createApp: where executors load the app from; null when unknown */
  readonly module: string | null;
  readonly settings: Settings;
  readonly contentRules: ContentRules;
  /** the queues of the settings */
  readonly queues: QueueTable;
  readonly registry: Registry;
  /** commands of remote control that the app adds, by name */
  readonly commands: Map<string, CustomCommand>;
  readonly middleware: Middleware[];
  /** entries of the schedule that the code declares, by name */
  readonly schedule: Map<string, DeclaredEntry>;
  readonly signals: SignalSender;
  readonly deps: DepsHolder;
  readonly clock: Clock;
  /** of the events that this process tells and hears */
  readonly lamport: LamportClock;
  readonly logger: Logger;
  /** everybody who waits for a result: told when the app closes */
  readonly waits: Set<(closed: Error) => void>;
  setLogger(logger: Logger): void;
  /** Warns of each setting of Celery's that was given and does nothing, the first time it is called: in the log, without one through Node's warnings. */
  tellUnusedSettings(): void;
  /** Warns at the first message that has a priority in an app that has no taskDefaultPriority: in the log, without one through Node's warnings. */
  notePriority(priority: number | null): void;
  setDeps(opener: DepsOpener): void;
  /** Says that this is the app of an executor: called before anything is opened. */
  enterExecutor(): void;
  readonly closed: boolean;
  /** Opens the drivers (connects nothing). Throws CONFIG_URL, CONFIG_NO_BROKER, CONFIG_DRIVER_MISSING, MEMORY_OUT_OF_REACH, APP_CLOSED. */
  links(): Promise<Links>;
  /** For `need`, the setting or option that cannot do without. Throws COORDINATOR_MISSING, CONFIG_URL, MEMORY_OUT_OF_REACH, APP_CLOSED. */
  coordinator(need: string): Promise<Coordinator>;
  /** Throws SCHEDULE_STORE_MISSING, CONFIG_URL, MEMORY_OUT_OF_REACH, APP_CLOSED. */
  scheduleStore(): Promise<ScheduleStore>;
  /** `nowMs`: the present unless told. */
  composeContext(replyTo: string | null, nowMs?: number): ComposeContext;
  /** What the app's credentials() give to connections of one purpose; null: it has none. */
  credentialsFor(purpose: CredentialsRequest["purpose"]): CredentialsSources | null;
  /** Loads the modules that only workers load. */
  loadIncludes(): Promise<void>;
  close(): Promise<void>;
}

export interface RuntimeOptions {
  readonly name: string;
  readonly module: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly unusedSettings: readonly UnusedSetting[];
  readonly include: readonly (() => Promise<unknown>)[];
  readonly deps: DepsOpener | undefined;
  readonly credentials: CredentialsHook | undefined;
  readonly logger: Logger | undefined;
  /** refuse to fall back to the embedded broker */
  readonly brokerRequired: boolean;
  /** the machine's unless told */
  readonly clock?: Clock;
}

/** What others hold on to, so that it stays the same wherever the app is led. */
export type LastingParts = Pick<AppRuntime, "registry" | "commands" | "middleware" | "schedule" | "signals" | "waits">;

/** Settings that say how to reach results, where these lie with the broker and are reached as it is. */
function unusedBesideBroker(given: Readonly<Record<string, unknown>>, { resultBackend }: Settings): readonly UnusedSetting[] {
  if (resultBackend !== null) return [];
  const names = ["redisBackendUseSsl", "resultBackendTransportOptions"].filter((name) => given[name] !== undefined);
  return names.map((setting) => ({ setting, reason: "results lie with the broker and are reached as it is: name result_backend" }));
}
/** What was sent last is still told of. */
const lastEventsMs = 1_000;

/** `gen<pid>@<host>`, as Celery's header `origin`. */
const origin = `gen${process.pid}@${hostname()}`;

export function createRuntime(options: RuntimeOptions, lasting?: LastingParts): AppRuntime {
  const settings = resolveSettings(settingTable, options.config);
  const { credentials } = options;
  const queues = createQueueTable(settings);
  const router = createRouter(settings, queues);
  const { clock = systemClock } = options;
  const lamport = createLamportClock();
  // Where results are found by id nobody reads it, but Celery always sends one.
  const oid = randomUUID();
  let logger = options.logger ?? silentLogger;
  let depsOpener = options.deps;
  let links: Promise<Links> | null = null;
  let coordinator: Promise<Coordinator> | null = null;
  let scheduleStore: Promise<ScheduleStore> | null = null;
  let included: Promise<unknown> | null = null;
  let closed = false;
  let prioritiesTold = settings.taskDefaultPriority !== null;
  const untold = [...options.unusedSettings, ...unusedBesideBroker(options.config, settings)];
  let inExecutor = false;
  // A worker in this process sets its logger when the drivers may be open already.
  const driverLogger = latestLogger(() => logger);
  const acceptResults = acceptedNames(settings.resultAcceptContent ?? settings.acceptContent);
  const credentialsFor: AppRuntime["credentialsFor"] = (purpose) =>
    credentials === undefined
      ? null
      : (url, sentinel) => createCredentialsSource(credentials, clock, { purpose, url, sentinel: sentinel ?? null });
  const driverContext = (purpose: CredentialsRequest["purpose"]): DriverContext => ({
    clock,
    logger: driverLogger,
    credentials: credentialsFor(purpose),
    durability: settings.durability,
    resultTextOf: (stored) => resultTextOf(stored, acceptResults),
    allowEviction: settings.allowEviction,
    inExecutor,
  });
  const deps = createDepsHolder(
    () => depsOpener,
    () => logger,
  );

  const closedError = () => new CeleriacError("APP_CLOSED", `App ${JSON.stringify(options.name)} was closed`);

  async function open(): Promise<Links> {
    if (options.brokerRequired)
      throw new ConfigError(
        "CONFIG_NO_BROKER",
        "No broker was named and NODE_ENV is production: set CELERY_BROKER_URL, or give createApp a broker",
      );
    // A worker tells them when it starts, and its executors need not say them again.
    if (!inExecutor) runtime.tellUnusedSettings();
    const [broker, backend] = await Promise.all([
      openBroker(settings, queues, driverContext("broker")),
      openBackend(settings, driverContext("backend")),
    ]);
    const sentEvents = settings.taskSendSentEvent
      ? createEventDispatcher({ broker, clock, lamport, settings, logger: driverLogger, hostname: origin, groups: false })
      : null;
    return { broker, backend, producer: createProducer(broker, clock), sentEvents };
  }

  /** A map is sent where the task is that it calls. */
  const route: Router = (call, definition) => {
    const task = mappedTask(call);
    return task === null ? router(call, definition) : router({ ...call, task }, runtime.registry.get(task));
  };

  const runtime: AppRuntime = {
    name: options.name,
    options,
    module: options.module,
    settings,
    contentRules: contentRules(settings),
    queues,
    registry: lasting?.registry ?? createRegistry(),
    commands: lasting?.commands ?? new Map(),
    middleware: lasting?.middleware ?? [],
    schedule: lasting?.schedule ?? new Map(),
    signals: lasting?.signals ?? createSignals((error) => logger.error("a signal's listener failed", { error })),
    deps,
    clock,
    lamport,
    get logger() {
      return logger;
    },
    setLogger(next) {
      logger = next;
    },
    tellUnusedSettings() {
      const unused = untold.splice(0);
      if (logger !== silentLogger) for (const each of unused) logger.warn("setting has no effect", each);
      else if (unused.length > 0) {
        const list = unused.map(({ setting, reason }) => `${setting} (${reason})`).join("; ");
        process.emitWarning(`Settings of app ${JSON.stringify(options.name)} have no effect: ${list}`, {
          type: "CeleriacWarning",
          code: "SETTING_UNUSED",
        });
      }
    },
    notePriority(priority) {
      if (priority === null || prioritiesTold) return;
      prioritiesTold = true;
      const reason = "Tasks without a priority come first on Redis and last on RabbitMQ: set taskDefaultPriority. This is said once";
      if (logger !== silentLogger) logger.warn("PRIORITY_DEFAULT_UNSET", { reason });
      else process.emitWarning(reason, { type: "CeleriacWarning", code: "PRIORITY_DEFAULT_UNSET" });
    },
    setDeps(opener) {
      depsOpener = opener;
    },
    enterExecutor() {
      inExecutor = true;
    },
    credentialsFor,
    waits: lasting?.waits ?? new Set(),
    get closed() {
      return closed;
    },
    links() {
      if (closed) return Promise.reject(closedError());
      if (links === null) {
        links = open();
        links.catch(() => {
          links = null;
        });
      }
      return links;
    },
    async coordinator(need) {
      if (closed) throw closedError();
      const place = requireCoordinator(settings, need);
      if (coordinator === null) {
        coordinator = openCoordinator(place, driverContext("coordinator"));
        coordinator.catch(() => {
          coordinator = null;
        });
      }
      return await coordinator;
    },
    async scheduleStore() {
      if (closed) throw closedError();
      if (scheduleStore === null) {
        scheduleStore = openScheduleStore(settings, options.name, driverContext("coordinator"));
        scheduleStore.catch(() => {
          scheduleStore = null;
        });
      }
      return await scheduleStore;
    },
    composeContext: (replyTo, nowMs = clock.now()) => ({ settings, router: route, origin, replyTo: replyTo ?? oid, nowMs }),
    async loadIncludes() {
      included ??= Promise.all([
        ...options.include.map(importing),
        ...settings.workerInclude.map((path) => loadModule(pathToFileURL(resolve(path)))),
      ]);
      await included;
    },
    async close() {
      closed = true;
      for (const end of runtime.waits) end(closedError());
      await deps.close();
      const [opened, lender, schedules] = await Promise.all([
        links?.catch(() => null),
        coordinator?.catch(() => null),
        scheduleStore?.catch(() => null),
      ]);
      await Promise.all([opened?.backend?.close(), lender?.close(), schedules?.close(), opened?.sentEvents?.close(lastEventsMs)]);
      await opened?.broker.close();
    },
  };
  return runtime;
}
