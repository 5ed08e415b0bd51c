/** Runs a worker until a signal, or remote control, stops it: what every command that is one has in common. */
import { isMemoryUrl, type LeveledLogger, type Logger, type LogLevel, systemClock } from "@celeriac/core/runtime";
import {
  createWorker,
  nodeName,
  nodePath,
  type PoolPlan,
  poolPlan,
  poolShape,
  type ResolvedOptions,
  stacksText,
  type Worker,
} from "@celeriac/worker";
import { banner } from "./banner.ts";
import { exitCode, type StopSignal, signalExitCode } from "./exit-code.ts";
import type { LoadedApp } from "./load-app.ts";
import { openLog } from "./open-log.ts";
import type { Output } from "./output.ts";
import { holdPidFile } from "./pid-file.ts";
import { takeDebugSignal, tellUnhandled, trapSignals } from "./signals.ts";
import { counted, wrap } from "./text.ts";
import { packageVersion } from "./version.ts";

/** Closing what tasks opened must not hold up the end for longer. */
const closeLimitMs = 5_000;

export interface WorkerCommand {
  /** Called when signals are trapped already. */
  load(): Promise<WorkerToRun>;
  /** Adds to a worker what the command runs beside it. */
  beside?(worker: Worker, loaded: LoadedApp, logger: Logger): Promise<Worker> | Worker;
}

export interface WorkerToRun {
  readonly loaded: LoadedApp;
  readonly options: ResolvedOptions;
  readonly logLevel: LogLevel;
  /** paths; %n, %h and %d are parts of the node name. null: none */
  readonly logFile: string | null;
  readonly pidFile: string | null;
  readonly noBanner: boolean;
  /** a line to begin with; null: none */
  readonly hint: string | null;
  /** what becomes of running tasks at a cold stop, in a word */
  readonly coldEnd: "ended and handed back" | "ended";
}

interface StopTerms extends Pick<WorkerToRun, "coldEnd"> {
  /** null: there is no end to it */
  readonly grace: string | null;
}

/** Resolves with the exit code. Throws what keeps the worker from starting. */
export async function runWorker(command: WorkerCommand, output: Output): Promise<number> {
  const stopping = createStopping(output);
  let letGo = () => {};
  try {
    const toRun = await command.load();
    const { loaded, options, logLevel: level, logFile, pidFile } = toRun;
    const hostname = nodeName(options.hostname);
    const logger = await openLog(output, { level, file: logFile === null ? null : nodePath(logFile, hostname) });
    if (stopping.asked()) return exitCode.done;
    if (pidFile !== null) letGo = holdPidFile(nodePath(pidFile, hostname));
    const plan = poolPlan(options, loaded.runtime.settings);
    const isInline = plan.pool === "inline";
    if (isInline) tellUnhandled(logger);
    const terms = { grace: graceText(options.grace), coldEnd: toRun.coldEnd };
    const worker = prepare(toRun, logger, { plan, output, failed: stopping.failed, shutDown: stopping.shutDown });
    try {
      return await stopping.run((await command.beside?.(worker, loaded, logger)) ?? worker, logger, terms);
    } finally {
      // Executors close their app themselves; inline it is ours.
      if (isInline) await Promise.race([loaded.app.close(), systemClock.sleep(closeLimitMs)]);
    }
  } finally {
    letGo();
    stopping.end();
  }
}

interface Invocation {
  readonly plan: PoolPlan;
  readonly output: Output;
  /** ends the command */
  failed(error: unknown): void;
  /** stops it warmly */
  shutDown(): void;
}

function prepare(
  { loaded, options, logLevel, noBanner, hint }: WorkerToRun,
  logger: LeveledLogger,
  { plan, output, failed, shutDown }: Invocation,
): Worker {
  const worker = createWorker(loaded.app, options, {
    ...{ logger, logLevel, failed, shutDown },
    setLogLevel: logger.setLevel,
    source: loaded.source ?? undefined,
  });
  if (output.isReadable && !output.quiet && !noBanner) {
    const facts = {
      version: packageVersion(),
      hostname: worker.hostname,
      file: loaded.file ?? "",
      runtime: loaded.runtime,
      queues: worker.queues,
    };
    output.print(banner({ ...facts, pool: plan.pool, shape: poolShape(plan) }, output.colors, output.columns));
  }
  const { brokerUrl } = loaded.runtime.settings;
  if (isMemoryUrl(brokerUrl))
    logger.warn("the broker is in this process's memory: no other process can send this worker a task", { broker: brokerUrl });
  if (hint !== null) output.print(hint);
  if (options.pool !== null && options.pool !== plan.pool)
    logger.debug("pool named as in Celery", { given: options.pool, pool: plan.pool });
  return worker;
}

function graceText(grace: ResolvedOptions["grace"]): string | null {
  return typeof grace === "number" ? `${grace}s` : grace;
}

function waitingText(taskIds: readonly string[], { grace, coldEnd }: StopTerms, columns: number): string {
  const shown = taskIds.slice(0, 5).map((id) => id.slice(0, 8));
  const more = taskIds.length > shown.length ? `, and ${taskIds.length - shown.length} more` : "";
  const waiting = grace === null ? "Waiting for" : `Waiting up to ${grace} for`;
  const text = `${waiting} ${counted(taskIds.length, "task")}: ${shown.join(", ")}${more}. Ctrl-C again stops at once: what runs is ${coldEnd}.`;
  return wrap(text, columns).join("\n");
}

/** Signals count from the first moment, also while the app is being loaded and the broker waited for. */
function createStopping(output: Output) {
  let running: { readonly worker: Worker; readonly logger: Logger; readonly terms: StopTerms } | null = null;
  let asked = false;
  let coldSignal: StopSignal | null = null;
  let finished: (code: number) => void = () => {};
  let broken: (error: unknown) => void = () => {};
  const ended = new Promise<number>((resolve, reject) => {
    finished = resolve;
    broken = reject;
  });

  /** The terminal has written ^C into the line. */
  function endLine(signal: StopSignal) {
    if (output.isReadable && signal === "SIGINT") output.print("");
  }

  function warm(reason: StopSignal | "remote control") {
    if (asked) return;
    asked = true;
    if (reason !== "remote control") endLine(reason);
    if (running === null) return;
    const { worker, logger, terms } = running;
    const taskIds = worker.stats().pool.executors.flatMap((executor) => executor.running);
    logger.info("worker-stopping", {
      reason,
      running: taskIds.length,
      ...(taskIds.length === 0 ? {} : { ...(terms.grace === null ? {} : { grace: terms.grace }), taskIds }),
    });
    if (output.isReadable && taskIds.length > 0) output.remark(waitingText(taskIds, terms, output.columns));
    worker.stop().then(finish, broken);
  }

  function cold(signal: StopSignal) {
    coldSignal = signal;
    endLine(signal);
    if (running === null) process.exit(signalExitCode[signal]);
    const { worker, logger, terms } = running;
    logger.warn(`worker stops cold: what runs is ${terms.coldEnd}`, { signal });
    Promise.all([worker.stop(), worker.terminate()]).then(finish, broken);
  }

  const finish = () => finished(coldSignal === null ? exitCode.done : signalExitCode[coldSignal]);
  /** As Celery does at SIGUSR1: what each executor does now. */
  async function showStacks() {
    if (running === null) return;
    const { worker, logger } = running;
    const stacks = await worker.stacks();
    if (output.isReadable) output.print(stacksText(worker.hostname, stacks));
    else logger.info("worker-stacks", { executors: stacks });
  }

  const ends = [trapSignals({ warm, cold }), takeDebugSignal(() => void showStacks().catch(broken))];
  return {
    end() {
      for (const end of ends) end();
    },
    asked: () => asked,
    /** The worker has ended by itself. */
    failed: (error: unknown) => broken(error),
    shutDown: () => warm("remote control"),
    async run(worker: Worker, logger: Logger, terms: StopTerms): Promise<number> {
      running = { worker, logger, terms };
      try {
        await worker.start();
      } catch (error) {
        if (!asked && coldSignal === null) {
          await worker.stop();
          throw error;
        }
      }
      return await ended;
    },
  };
}
