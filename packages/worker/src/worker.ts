/** The worker: builds its rooms, starts them in order and stops them in order. Never traps signals: whoever embeds it does. */
import type { App } from "@celeriac/core";
import {
  type AppRuntime,
  type Broker,
  BrokerError,
  CeleriacError,
  type Consumer,
  createEventDispatcher,
  createService,
  type Duration,
  durationMs,
  type EventType,
  type Logger,
  type LogLevel,
  reasonOf,
  resolveSettings,
  runtimeOf,
  silentLogger,
  withFields,
} from "@celeriac/core/runtime";
import { type ConsumerParts, createTaskConsumer } from "./consumer.ts";
import type { Desk } from "./control/desk.ts";
import { openControl, type RemoteControl } from "./control/open-control.ts";
import { createEventSwitch } from "./event-switch.ts";
import { refuseHardLimits } from "./hard-limit.ts";
import { createLevelSwitch } from "./level-switch.ts";
import type { LimitChanges } from "./limit-changes.ts";
import { enterExecutor } from "./open-execute.ts";
import { fixedDemand, nodeName, nodePath, poolPlan, poolShape, type WorkerOptions, workerOptionTable } from "./options.ts";
import { PausedTasks } from "./paused-tasks.ts";
import type { ExecutorStack, Pool, PoolStats } from "./pool.ts";
import type { AppSource } from "./pools/executor-init.ts";
import { createExecutorPool } from "./pools/executor-pool.ts";
import type { OpenInline } from "./pools/inline-executor.ts";
import { createPresence, type Presence } from "./presence.ts";
import type { Probes } from "./probes/probes.ts";
import { RateLimits } from "./rate-limits.ts";
import { Revoked, revokedLimits } from "./revoked.ts";
import { createRevoker } from "./revoker.ts";
import { SetAside } from "./set-aside.ts";
import type { Simulation } from "./simulation.ts";
import { warnOfServers } from "./start-warnings.ts";
import { openStateFile, type StateFile } from "./state-file.ts";
import { createTeller, type Teller } from "./telling.ts";
import { untilConnected } from "./until-connected.ts";
import { createPurge, queuesOf } from "./worker-queues.ts";

/** What whoever embeds a worker may add; the command does. */
export interface WorkerSurroundings {
  readonly logger?: Logger | undefined;
  readonly logLevel?: LogLevel | undefined;
  /** Called when remote control changes it; without it the logger goes on as before. */
  readonly setLogLevel?: ((level: LogLevel) => void) | undefined;
  /** the module executors load the app from; default: the one that called createApp */
  readonly source?: Pick<AppSource, "moduleUrl" | "appName"> | undefined;
  /** Called when the worker has stopped by itself, which it does where `brokerConnectionRetry` is false and its broker was lost: BROKER_UNREACHABLE. */
  readonly failed?: ((error: CeleriacError) => void) | undefined;
  /** for tests; takes the place of the pool */
  readonly simulation?: Simulation | undefined;
  /** Called when remote control asks the worker to stop; unless given, it stops by itself. */
  readonly shutDown?: (() => void) | undefined;
}

export interface WorkerStats {
  readonly counts: Readonly<Record<EventType, number>>;
  readonly pool: PoolStats;
}

export interface Worker extends AsyncDisposable {
  /** Resolves when it consumes. A broker that cannot be reached yet is waited for. Throws WORKER_STARTUP, BROKER_*, BACKEND_*, CONFIG_*, STORE_*, SERVICE_STOPPED. */
  start(): Promise<void>;
  /** Warm: lets what runs end within `deadline` (the option `grace` unless told), hands back the rest, and resolves when all is quiet. Safe to call twice, early, or at once with start. */
  stop(options?: { readonly deadline?: Duration | undefined }): Promise<void>;
  /** node name, e.g. "celery@host" */
  readonly hostname: string;
  /** that it consumes now, or will when it starts */
  readonly queues: readonly string[];
  stats(): WorkerStats;
  /** What each executor does now, with its stack, even where it never gives way. */
  stacks(): Promise<readonly ExecutorStack[]>;
  /** Cold: ends the executors at once and hands back what they ran. `stop` still has to be awaited. */
  terminate(): Promise<void>;
}

/** Throws CONFIG_UNKNOWN and CONFIG_INVALID for options, CONFIG_QUEUE for a queue that is missing, APP_NOT_FOUND for what is no app or has no module to load it from. */
export function createWorker(app: App<unknown>, options: WorkerOptions = {}, surroundings: WorkerSurroundings = {}): Worker {
  const found = runtimeOf(app);
  if (found === undefined) throw new CeleriacError("APP_NOT_FOUND", "createWorker takes an app made by createApp");
  const runtime: AppRuntime = found;
  const given = resolveSettings(workerOptionTable, options);
  const source = surroundings.source ?? (runtime.module === null ? null : { moduleUrl: runtime.module, appName: runtime.name });
  const plan = poolPlan(given, runtime.settings);
  const { kind, ...shape } = poolShape(plan);
  const hostname = nodeName(given.hostname);
  const queues = queuesOf(given, runtime, hostname);
  const logLevel = createLevelSwitch(surroundings.logLevel ?? "info", (level) => {
    surroundings.setLogLevel?.(level);
    pool.setLogLevel(level);
  });
  const logger = withFields(surroundings.logger ?? silentLogger, { worker: hostname });
  const teller: Teller = createTeller(logger, logLevel.shows);
  const giveUp = new AbortController();
  const revoked = new Revoked(revokedLimits(runtime.settings), runtime.clock);
  const graceMs = durationMs(given.grace ?? "25s", "grace");
  let parts: ConsumerParts | null = null;
  let consumer: Consumer | null = null;
  let presence: Presence | null = null;
  let stateFile: StateFile | null = null;
  let probes: Probes | null = null;
  /** why the broker is away; null: it is not */
  let loss: string | null = null;
  let control: RemoteControl | null = null;
  let isStopping = false;

  const tasks = createTaskConsumer(() => parts!);
  const paused = new PausedTasks({ names: () => runtime.registry.runnable(), clock: runtime.clock, logger });
  const aside = new SetAside(runtime.clock, followDemand);
  const limits = new RateLimits({ runtime, clock: runtime.clock, hasRoom: () => tasks.running < demand(), held: (n) => aside.waits(n) });
  const pool: Pool = createExecutorPool({
    ...shape,
    ...tasksHome(),
    clock: runtime.clock,
    logger,
    listener: {
      ...tasks.poolListener,
      log: (run, level, message, fields) =>
        logger[level](message, { ...(run === null ? {} : { task: run.task, taskId: run.id }), ...fields }),
    },
    worker: hostname,
    logLevel: logLevel.level,
  });

  const revoker = createRevoker({ revoked, consumer: tasks, pool });

  const service = createService(`worker ${hostname}`, {
    async start(signal) {
      try {
        await startRooms(signal);
      } catch (error) {
        // Nobody has to stop a worker that did not start: its executors would keep the process alive, its probes their port.
        paused.stop();
        await Promise.all([pool.terminate(), probes?.close(), control?.close()]);
        throw error;
      }
    },
    /** Quiet → drain the pool → settle what it gave → hand back the rest → close. */
    async stop(deadlineMs = graceMs) {
      isStopping = true;
      if (parts !== null) runtime.signals.send("workerShuttingDown", () => ({ hostname, how: giveUp.signal.aborted ? "cold" : "warm" }));
      await consumer?.pause();
      limits.handBack();
      paused.stop();
      await pool.stop({ deadlineMs });
      // From here on a broker that is away is not waited for: whoever recovers the claims runs those tasks again.
      const lastCall = runtime.clock.after(Math.max(1_000, Math.min(deadlineMs, 5_000)), () => giveUp.abort());
      await tasks.idle();
      lastCall.cancel();
      await control?.close();
      await consumer?.close();
      await stateFile?.close();
      await presence?.offline();
      if (consumer !== null) {
        teller.worker("worker-offline", {});
        runtime.signals.send("workerShutdown", () => ({ hostname }));
      }
      await probes?.close();
    },
  });

  async function startRooms(signal: AbortSignal): Promise<void> {
    runtime.setLogger(logger);
    probes = await serveProbes();
    runtime.tellUnusedSettings();
    if (kind !== "process" && (plan.lifetime.tasks ?? plan.lifetime.memoryKb) !== null)
      logger.warn("setting has no effect", {
        setting: plan.lifetime.tasks === null ? "maxMemoryPerChild" : "maxTasksPerChild",
        reason: `the pool ${plan.pool} has no child processes`,
      });
    await loadIncludes();
    runtime.signals.send("workerInit", () => ({ hostname }));
    if (!pool.endsRuns) refuseHardLimits(runtime);
    const stateDb = given.statedb ?? runtime.settings.workerStateDb;
    if (stateDb !== null) stateFile = await openStateFile(nodePath(stateDb, hostname), { revoked, clock: runtime.clock, logger });
    const { broker, backend } = await runtime.links();
    const { clock } = runtime;
    const limitChanges: LimitChanges = new Map();
    const dispatcher = openEvents(broker);
    const events = createEventSwitch(dispatcher, given.taskEvents ?? runtime.settings.workerSendTaskEvents);
    presence = createPresence({ dispatcher, clock, load, beatMs: durationMs(given.heartbeatInterval ?? 0), beaten });
    const watched = probes?.watch(teller) ?? teller;
    parts = {
      ...{ runtime, hostname, broker, backend, clock, logger, teller: watched, events, pool, revoked, paused, limits, limitChanges, aside },
      giveUp: giveUp.signal,
    };
    await pool.start();
    const purge = createPurge(given.purge, queues, logger);
    const desk: Desk = {
      ...{ runtime, hostname, logger, logLevel, pool, tasks, teller, events, presence, shutDown, limits, revoked, revoker, limitChanges },
      consumer: () => consumer,
      demand,
      startedAt: clock.monotonic(),
    };
    const connect = async () => {
      await Promise.all([broker.connect(), backend?.connect()]);
      await purge(broker);
      // What is revoked from here on is heard; what was revoked before is asked for.
      control ??= await openControl(broker, desk, !given.withoutMingle);
      await control?.catchUp();
      // In a test whose clock runs through a year nobody pauses anything, and a look each second and a half would be most of the work.
      if (surroundings.simulation === undefined) await paused.watch(broker);
      const listener = consumerListener();
      return await broker.consume(queues, { worker: hostname, readAhead: demand(), mayBlock: kind === "inline", listener });
    };
    consumer = await untilConnected(connect, { settings: runtime.settings, clock, logger, signal, failed: brokerAway });
    if (consumer === null) return;
    loss = null;
    pool.onDemand(() => {
      followDemand();
      limits.roomCame();
    });
    void warnOfServers({ broker, backend, settings: runtime.settings, logger });
    teller.worker("worker-online", { queues, pool: plan.pool, concurrency: pool.capacity });
    presence.online();
    runtime.signals.send("workerReady", () => ({ hostname }));
  }

  /** Where tasks run: executors of their own load the app once more, inline they run with the one that is here. */
  function tasksHome() {
    const { simulation } = surroundings;
    if (simulation !== undefined) {
      const open: OpenInline = async (life) => simulation.stage(await enterExecutor(runtime, hostname), life);
      return { kind: "inline", simulates: true, executors: simulation.executors, slots: 1, scaledBy: "executors", open } as const;
    }
    if (kind === "inline") return { kind, open: () => enterExecutor(runtime, hostname) };
    if (source !== null) return { kind, source };
    throw new CeleriacError(
      "APP_NOT_FOUND",
      `It is not known which module made app ${JSON.stringify(runtime.name)}: give createWorker its \`source\``,
    );
  }

  /** how many tasks to hold, what runs included */
  function demand(): number {
    return fixedDemand(given.prefetchMultiplier ?? runtime.settings.workerPrefetchMultiplier, pool.mostCapacity) ?? pool.demand;
  }

  /** Changes with what remote control adds and cancels. */
  function consumedNow(): readonly string[] {
    return consumer?.queues ?? queues;
  }

  function followDemand(): void {
    consumer?.setReadAhead(demand() + aside.allowance);
  }

  function openEvents(broker: Broker) {
    const { clock, lamport, settings } = runtime;
    return createEventDispatcher({ broker, clock, lamport, settings, logger, hostname, groups: true });
  }

  /** Before anything else, so that whoever probes sees a worker that waits for its broker. */
  async function serveProbes() {
    const address = given.http ?? runtime.settings.workerHttp;
    if (address === null) return null;
    const opened = await (await import("./probes/probes.ts")).openProbes(address, {
      hostname,
      poolName: plan.pool,
      clock: runtime.clock,
      logger,
      standing: () => ({ started: consumer !== null, stopping: isStopping, loss }),
      pool: () => pool.stats(),
      queues: consumedNow,
      broker: () => parts?.broker ?? null,
    });
    logger.info("probes are served", { url: opened.url });
    return opened;
  }

  function brokerAway(error: unknown): void {
    loss = reasonOf(error);
  }

  function beaten() {
    runtime.signals.send("heartbeatSent", () => ({ hostname }));
  }

  function load() {
    const active = pool.stats().executors.reduce((sum, { running }) => sum + running.length, 0);
    return { active, processed: teller.counts()["task-received"] };
  }

  function consumerListener() {
    return {
      delivery: tasks.take,
      claimsLost() {
        logger.warn("claims lost: this worker was taken for dead, another one has its tasks");
        limits.handBack();
        pool.abortAll("claimLost", "the claim on this task was lost: another worker has it");
      },
      deadLettered: (letter: { readonly queue: string; readonly reason: string }) => logger.error("task-dead-lettered", letter),
      disconnected(error: unknown) {
        brokerAway(error);
        logger.warn("broker connection lost", { reason: reasonOf(error) });
        if (!runtime.settings.brokerConnectionRetry && !isStopping) void stopWithout(error);
      },
      pausesChanged: () => paused.lookAgain(),
      connected() {
        loss = null;
        logger.info("broker connected");
        // What was told meanwhile was missed.
        void control?.catchUp();
      },
    };
  }

  function shutDown(): void {
    if (surroundings.shutDown !== undefined) surroundings.shutDown();
    else service.stop().catch((error: unknown) => logger.error("worker did not stop in order", { reason: reasonOf(error) }));
  }

  /** Nobody told it to stop, so that it has failed is told when it has. */
  async function stopWithout(cause: unknown): Promise<void> {
    isStopping = true;
    const error = new BrokerError(
      "BROKER_UNREACHABLE",
      `The connection to the broker was lost, and brokerConnectionRetry is false: ${reasonOf(cause)}`,
      { cause },
    );
    logger.error("the worker ends: it is not to wait for its broker", { errorCode: error.code, reason: error.message });
    await service.stop().catch((failure: unknown) => logger.error("worker did not stop in order", { reason: reasonOf(failure) }));
    surroundings.failed?.(error);
  }

  async function loadIncludes(): Promise<void> {
    try {
      await runtime.loadIncludes();
    } catch (cause) {
      if (CeleriacError.is(cause)) throw cause;
      throw new CeleriacError("WORKER_STARTUP", `A module that the app includes could not be loaded: ${reasonOf(cause)}`, { cause });
    }
  }

  return {
    hostname,
    get queues() {
      return consumedNow();
    },
    start: () => service.start(),
    async stop({ deadline } = {}) {
      await service.stop({ deadlineMs: deadline === undefined ? undefined : durationMs(deadline, "deadline") });
    },
    [Symbol.asyncDispose]: () => service.stop(),
    stacks: () => pool.stacks(),
    stats: () => ({ counts: teller.counts(), pool: pool.stats() }),
    async terminate() {
      giveUp.abort();
      await pool.terminate();
    },
  };
}
