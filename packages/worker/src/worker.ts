/** The worker: builds its rooms, starts them in order and stops them in order. Never traps signals: whoever embeds it does. */
import type { App } from "@celeriac/core";
import {
  type AppRuntime,
  type AppSource,
  BrokerError,
  CeleriacError,
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
import { BrokerConnection } from "./broker-connection.ts";
import { watchChords } from "./chord-watchdog.ts";
import { type ConsumerParts, createTaskConsumer } from "./consumer.ts";
import type { Desk } from "./control/desk.ts";
import { openControl, type RemoteControl } from "./control/open-control.ts";
import { createLevelSwitch } from "./level-switch.ts";
import type { LimitChanges } from "./limit-changes.ts";
import { fixedDemand, nodeName, nodePath, poolPlan, poolShape, type WorkerOptions, workerOptionTable } from "./options.ts";
import { PausedTasks } from "./paused-tasks.ts";
import type { ExecutorStack, Pool, PoolStats } from "./pool.ts";
import { prepareApp } from "./prepare-app.ts";
import type { Presence } from "./presence.ts";
import type { Probes } from "./probes/probes.ts";
import { serveProbes } from "./probes/serve-probes.ts";
import { RateLimits } from "./rate-limits.ts";
import { Revoked, revokedLimits } from "./revoked.ts";
import { createRevoker } from "./revoker.ts";
import { SetAside } from "./set-aside.ts";
import type { Simulation } from "./simulation.ts";
import { warnOfServers } from "./start-warnings.ts";
import { openStateFile, type StateFile } from "./state-file.ts";
import { createTeller, type Teller } from "./telling.ts";
import { createWorkerEvents } from "./worker-events.ts";
import { createWorkerPool } from "./worker-pool.ts";
import { createPurge, queuesOf } from "./worker-queues.ts";

/** What whoever embeds a worker may add; the command does. */
export interface WorkerSurroundings {
  readonly logger?: Logger | undefined;
  readonly logLevel?: LogLevel | undefined;
  /** Called when remote control changes it; without it the logger goes on as before. */
  readonly setLogLevel?: ((level: LogLevel) => void) | undefined;
  /** the module executors load the app from; default: the one that called createApp */
  readonly source?: AppSource | undefined;
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

/** How long what the pool gave may take to be settled where the broker is away. */
const mostLastCallMs = 5_000;

/** Throws CONFIG_UNKNOWN and CONFIG_INVALID for options, CONFIG_QUEUE for a queue that is missing, APP_NOT_FOUND for what is no app or has no module to load it from. */
export function createWorker(app: App<unknown>, options: WorkerOptions = {}, surroundings: WorkerSurroundings = {}): Worker {
  const found = runtimeOf(app);
  if (found === undefined) throw new CeleriacError("APP_NOT_FOUND", "createWorker takes an app made by createApp");
  const runtime: AppRuntime = found;
  const { clock, settings } = runtime;
  const { simulation, source } = surroundings;
  const given = resolveSettings(workerOptionTable, options);
  const plan = poolPlan(given, settings);
  const shape = poolShape(plan);
  const hostname = nodeName(given.hostname);
  const queues = queuesOf(given, runtime, hostname);
  const graceMs = given.grace === null ? undefined : durationMs(given.grace, "grace");
  const logLevel = createLevelSwitch(surroundings.logLevel ?? "info", (level) => {
    surroundings.setLogLevel?.(level);
    pool.setLogLevel(level);
  });
  const logger = withFields(surroundings.logger ?? silentLogger, { worker: hostname });
  const teller: Teller = createTeller(logger, logLevel.shows);
  const giveUp = new AbortController();
  const limitChanges: LimitChanges = new Map();
  let parts: ConsumerParts | null = null;
  let presence: Presence | null = null;
  let stateFile: StateFile | null = null;
  let probes: Probes | null = null;
  let control: RemoteControl | null = null;
  let stopWatching = () => {};
  let isStopping = false;

  const tasks = createTaskConsumer(() => parts!);
  const revoked = new Revoked(revokedLimits(settings), clock);
  const paused = new PausedTasks({ names: () => runtime.registry.runnable(), clock, logger });
  const aside = new SetAside(clock, () => connection.follow());
  const limits = new RateLimits({ runtime, clock, hasRoom: () => tasks.running < demand(), held: (n) => aside.waits(n) });
  const pool: Pool = createWorkerPool({ runtime, hostname, shape, tasks, logger, logLevel: logLevel.level, source, simulation });
  const revoker = createRevoker({ revoked, consumer: tasks, pool });
  const connection = new BrokerConnection({
    ...{ hostname, queues, settings, clock, logger, mayBlock: shape.kind === "inline" },
    readAhead: () => demand() + aside.allowance,
    listener: {
      delivery: tasks.take,
      claimsLost() {
        limits.handBack();
        pool.abortAll("claimLost", "the claim on this task was lost: another worker has it");
      },
      pausesChanged: () => paused.lookAgain(),
      lost(error) {
        if (!settings.brokerConnectionRetry && !isStopping) void stopWithout(error);
      },
      // What was told meanwhile was missed.
      regained: () => void control?.catchUp(),
    },
  });

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
      const { consumer } = connection;
      if (parts !== null) runtime.signals.send("workerShuttingDown", () => ({ hostname, how: giveUp.signal.aborted ? "cold" : "warm" }));
      await consumer?.pause();
      limits.handBack();
      paused.stop();
      stopWatching();
      await pool.stop({ deadlineMs });
      // From here on a broker that is away is not waited for: whoever recovers the claims runs those tasks again.
      const lastCall = clock.after(Math.max(1_000, Math.min(deadlineMs ?? mostLastCallMs, mostLastCallMs)), () => giveUp.abort());
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
    // Before anything else, so that whoever probes sees a worker that waits for its broker.
    probes = await serveProbes(given.http ?? settings.workerHttp, {
      ...{ hostname, poolName: plan.pool, clock, logger },
      standing: () => ({ started: connection.consumer !== null, stopping: isStopping, loss: connection.loss }),
      pool: () => pool.stats(),
      queues: () => connection.queues,
      broker: () => parts?.broker ?? null,
    });
    await prepareApp({ runtime, hostname, plan, kind: shape.kind, endsRuns: pool.endsRuns, logger });
    const stateDb = given.statedb ?? settings.workerStateDb;
    if (stateDb !== null) stateFile = await openStateFile(nodePath(stateDb, hostname), { revoked, clock, logger });
    const { broker, backend } = await runtime.links();
    const monitors = createWorkerEvents({ runtime, broker, hostname, options: given, pool, teller, logger });
    const { events } = monitors;
    presence = monitors.presence;
    parts = {
      ...{ runtime, hostname, broker, backend, clock, logger, teller: probes?.watch(teller) ?? teller, events, pool },
      ...{ revoked, paused, limits, limitChanges, aside, giveUp: giveUp.signal },
    };
    await pool.start();
    const desk: Desk = {
      ...{
        runtime,
        hostname,
        logger,
        logLevel,
        pool,
        tasks,
        teller,
        ...monitors,
        shutDown,
        limits,
        revoked,
        revoker,
        limitChanges,
        demand,
      },
      consumer: () => connection.consumer,
      startedAt: clock.monotonic(),
    };
    const purge = createPurge(given.purge, queues, logger);
    const reached = async () => {
      await purge(broker);
      // What is revoked from here on is heard; what was revoked before is asked for.
      control ??= await openControl(broker, desk, !given.withoutMingle);
      await control?.catchUp();
      // In a test whose clock runs through a year nobody pauses anything, and a look each second and a half would be most of the work.
      if (simulation === undefined) await paused.watch(broker);
    };
    if (!(await connection.open({ broker, backend, signal, reached }))) return;
    pool.onDemand(() => {
      connection.follow();
      limits.roomCame();
    });
    void warnOfServers({ broker, backend, settings, logger });
    teller.worker("worker-online", { queues, pool: plan.pool, concurrency: pool.capacity });
    presence.online();
    // In a test whose clock runs through a year that is half a million looks.
    if (simulation === undefined) stopWatching = watchChords(parts, () => tasks.underway());
    runtime.signals.send("workerReady", () => ({ hostname }));
  }

  /** how many tasks to hold, what runs included */
  function demand(): number {
    return fixedDemand(given.prefetchMultiplier ?? settings.workerPrefetchMultiplier, pool.mostCapacity) ?? pool.demand;
  }

  function shutDown(): void {
    if (surroundings.shutDown !== undefined) surroundings.shutDown();
    else void stopInOrder();
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
    await stopInOrder();
    surroundings.failed?.(error);
  }

  function stopInOrder(): Promise<void> {
    return service.stop().catch((error: unknown) => logger.error("worker did not stop in order", { reason: reasonOf(error) }));
  }

  return {
    hostname,
    get queues() {
      return connection.queues;
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
