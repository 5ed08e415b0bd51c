/** The part of a pool that runs inside a child process or thread: begins the runs it is sent, up to `slots` at once, and reports. */

import { type AbortReason, type Clock, type Ending, type Execute, failpoint, type LogLevel, reasonOf } from "@celeriac/core/runtime";
import { ActiveRun, type RunReporter } from "./active-run.ts";
import { Fifo } from "./fifo.ts";
import { type FrameSink, type FrameWriter, frameKind } from "./frames.ts";
import { type Lifetime, overByMemory, overByTasks } from "./lifetime.ts";
import { ReportWriter } from "./report-writer.ts";
import { readRun } from "./run-frame.ts";

export interface ExecutorOptions {
  readonly slots: number;
  readonly lifetime?: Lifetime | undefined;
  /** what is less important is not reported */
  readonly logLevel: LogLevel;
  readonly execute: Execute;
  readonly clock: Clock;
  /** Gives all frames to the worker. When it returns, the end of this process or thread cannot take them back. */
  readonly send: (frames: FrameWriter) => void;
  /** Passes on to `frame` what has come and was not read yet; absent where nothing can come while user code runs. */
  readonly look?: (() => void) | undefined;
  /** Called once, when a drain was asked for and the last run has ended and is reported. */
  readonly drained: () => void;
}

/** After so long without a look at its inbox it looks before it begins the next run: an abort or a recall may have come. */
const longestUnreadMs = 5;
/** User code that computes looks at its inbox, and says that it lives, no more often. */
const lookPeriodMs = 10;
const alivePeriodMs = 1_000;

/** A run as it came: it is read when it begins, for what lies decoded meanwhile is only moved about by the garbage collector. */
interface Waiting {
  readonly number: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export class Executor implements FrameSink, RunReporter {
  readonly #options: ExecutorOptions;
  #slots: number;
  readonly #reports: ReportWriter;
  readonly #inbox = new Fifo<Waiting>();
  readonly #running = new Map<number, ActiveRun>();
  #readAt: number;
  #looking = false;
  #lookedAt = 0;
  #aliveAt = 0;
  #draining = false;
  #retiring = false;
  /** runs so far */
  #begun = 0;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#slots = options.slots;
    this.#reports = new ReportWriter(options.send, options.logLevel);
    this.#readAt = options.clock.monotonic();
  }

  frame(kind: number, number: number, bytes: Buffer, start: number, end: number): void {
    switch (kind) {
      case frameKind.run:
        this.#take({ number, bytes, start, end });
        break;
      case frameKind.abort:
        this.#abort(number, ...(JSON.parse(bytes.toString("utf8", start, end)) as [AbortReason, string]));
        break;
      case frameKind.takeBack:
        this.#takeBack(number);
        break;
      case frameKind.softLimit:
        this.#running.get(number)?.abort("softTimeLimit", bytes.toString("utf8", start, end));
        break;
      case frameKind.drain:
        this.#draining = true;
        this.#handBackAll();
        this.#endIfDrained();
        break;
      case frameKind.recall:
        this.#handBackAll();
        break;
      case frameKind.slots:
        this.#slots = bytes.readUInt32LE(start);
        break;
      case frameKind.logLevel:
        this.#reports.setLogLevel(bytes.toString("utf8", start, end) as LogLevel);
        break;
      case frameKind.ping:
        this.#reports.alive();
        this.flush();
        break;
    }
  }

  /** To be called after each batch of frames was passed to `frame`. */
  received(): void {
    this.#readAt = this.#options.clock.monotonic();
    this.#begin();
  }

  /** Reports everything now: outcomes, and which runs have begun. */
  flush(): void {
    this.#reports.flush();
  }

  progress(number: number, state: string, metaJson: string): void {
    this.#reports.progress(number, state, metaJson);
  }

  log(number: number, level: LogLevel, message: string, fields: object | undefined): void {
    this.#reports.log(number, level, message, fields);
  }

  look(): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#lookedAt < lookPeriodMs) return;
    this.#lookedAt = now;
    // What has come for others begins when the event loop turns again: not inside of this run.
    if (!this.#looking) this.#lookFirst();
    this.#options.look?.();
    if (now - this.#aliveAt >= alivePeriodMs) {
      this.#aliveAt = now;
      this.#reports.alive();
    }
    this.flush();
  }

  /** Begins nothing any more, and tells what runs to give way. */
  abandon(): void {
    this.#draining = true;
    this.#inbox.drain();
    for (const active of this.#running.values()) active.abort("shutdown", "The worker stops");
  }

  /** A line that user code wrote to stdout or stderr. `runId`: of the run that wrote it, where that is known; else it belongs to the only one that runs. */
  output(level: "info" | "warn", line: string, fields: object, runId?: string): void {
    const only = this.#running.size === 1 ? this.#running.keys().next().value : undefined;
    this.log((runId === undefined ? only : this.#numberOf(runId)) ?? 0, level, line, fields);
  }

  #numberOf(runId: string): number | undefined {
    for (const [number, { run }] of this.#running) if (run.id === runId) return number;
    return undefined;
  }

  #take(waiting: Waiting): void {
    if (this.#draining || this.#retiring) this.#reports.handedBack(waiting.number, [waiting]);
    else this.#inbox.push(waiting);
  }

  #begin(): void {
    while (!this.#looking && this.#inbox.size > 0 && this.#running.size < this.#slots) {
      const now = this.#options.clock.monotonic();
      if (now - this.#readAt > longestUnreadMs) this.#lookFirst();
      else this.#beginOne(this.#inbox.shift() as Waiting, now);
    }
  }

  /** Lets the event loop read what has come. Twice, because the first may fire before the loop has polled again. */
  #lookFirst(): void {
    this.#looking = true;
    setImmediate(() =>
      setImmediate(() => {
        this.#looking = false;
        this.received();
      }),
    );
  }

  #beginOne({ number, bytes, start, end }: Waiting, now: number): void {
    const { run, reportBegun } = readRun(bytes, start, end);
    const active = new ActiveRun(number, run, now, this);
    this.#running.set(number, active);
    this.#reports.begun(active, reportBegun);
    failpoint("executor.begun");
    const { lifetime } = this.#options;
    if (lifetime !== undefined) this.#retire(overByTasks(lifetime, ++this.#begun));
    let ending: Promise<Ending>;
    try {
      ending = this.#options.execute(run, active);
    } catch (error) {
      ending = Promise.reject(error);
    }
    ending.then(
      (reached) => this.#end(active, reached),
      (error: unknown) => this.#end(active, this.#broken(active, error)),
    );
  }

  #end(active: ActiveRun, ending: Ending): void {
    failpoint("executor.finished");
    const now = this.#options.clock.monotonic();
    active.ended = true;
    this.#running.delete(active.number);
    try {
      this.#reports.ended(active, ending, now);
    } catch (error) {
      this.#reports.ended(active, this.#broken(active, error), now);
    }
    const { lifetime } = this.#options;
    if (lifetime !== undefined) this.#retire(overByMemory(lifetime));
    this.#begin();
    this.#endIfDrained();
  }

  /** An Execute that throws, or ends with something that cannot be sent, is a fault of ours: the run counts, so it cannot come back for ever. */
  #broken(active: ActiveRun, error: unknown): Ending {
    const reason = `The executor failed: ${reasonOf(error)}`;
    const stack = error instanceof Error ? error.stack : undefined;
    this.log(active.number, "error", "Execute rejected, which it must not", { task: active.run.task, taskId: active.run.id, stack });
    return { kind: "executorLost", reason, begun: true };
  }

  /** Tells, once, and begins nothing more. It ends only when told to: runs may be on their way to it. */
  #retire(reason: string | null): void {
    if (reason === null || this.#retiring || this.#draining) return;
    this.#retiring = true;
    this.#reports.retiring(reason);
    this.#handBackAll();
  }

  #abort(number: number, reason: AbortReason, message: string): void {
    this.#running.get(number)?.abort(reason, message);
    this.#takeBack(number);
  }

  #takeBack(number: number): void {
    const waiting = this.#inbox.remove((one) => one.number === number);
    if (waiting.length > 0) this.#reports.handedBack(number, waiting);
  }

  #handBackAll(): void {
    this.#reports.handedBack(0, this.#inbox.drain());
  }

  #endIfDrained(): void {
    if (!this.#draining || this.#running.size > 0) return;
    this.flush();
    this.#options.drained();
  }
}
