/**
 * What an executor tells its pool, as frames: the counterpart of `reports.ts`. What need not be told at once is told in one batch at the end of the
 * turn of the event loop, but never later than the begin of a run that might end the process.
 */
import { type Ending, type LogLevel, logLevels, reasonOf } from "@celeriac/core/runtime";
import type { ActiveRun } from "./active-run.ts";
import { writeEnding } from "./ending-frame.ts";
import { FrameWriter, frameKind } from "./frames.ts";

/** Outcomes wait no longer than this for others to share a batch with, if a run begins meanwhile. */
const longestUnreportedMs = 2;
const fullBatchBytes = 1 << 18;

export class ReportWriter {
  readonly #send: (frames: FrameWriter) => void;
  readonly #frames = new FrameWriter();
  #lowestLevel: number;
  /** begun since the last flush */
  #unreported: ActiveRun[] = [];
  #unreportedSince: number | null = null;
  #isScheduled = false;

  /** `send` takes all frames. What is less important than `logLevel` is not told. */
  constructor(send: (frames: FrameWriter) => void, logLevel: LogLevel) {
    this.#send = send;
    this.#lowestLevel = logLevels.indexOf(logLevel);
  }

  setLogLevel(level: LogLevel): void {
    this.#lowestLevel = logLevels.indexOf(level);
  }

  /** Tells everything now: outcomes, and which runs have begun. */
  flush(): void {
    for (const active of this.#unreported) {
      if (!active.ended) this.#frames.empty(frameKind.begun, active.number);
    }
    this.#unreported = [];
    this.#unreportedSince = null;
    if (this.#frames.pendingBytes > 0) this.#send(this.#frames);
  }

  /** `atOnce`: before its user code runs. */
  begun(active: ActiveRun, atOnce: boolean): void {
    this.#unreported.push(active);
    const isLate = this.#unreportedSince !== null && active.beganAt - this.#unreportedSince > longestUnreportedMs;
    if (atOnce || isLate) this.flush();
    else this.#flushSoon();
  }

  progress(number: number, state: string, metaJson: string): void {
    this.#frames.open(frameKind.progress, number);
    this.#frames.sizedText(state);
    this.#frames.text(metaJson);
    this.#frames.close();
    this.#flushSoon();
  }

  log(number: number, level: LogLevel, message: string, fields: object | undefined): void {
    if (logLevels.indexOf(level) < this.#lowestLevel) return;
    this.#frames.textFrame(frameKind.log, number, logText(level, message, fields));
    this.#flushSoon();
  }

  /** Throws, and tells nothing, when the ending cannot be written. */
  ended({ number, beganAt }: ActiveRun, ending: Ending, now: number): void {
    writeEnding(this.#frames, number, ending, now - beganAt);
    this.#unreportedSince ??= now;
    this.#flushSoon();
  }

  /** `answerTo` 0: all that waited. */
  handedBack(answerTo: number, numbers: readonly { readonly number: number }[]): void {
    this.#frames.open(frameKind.handedBack, answerTo);
    for (const { number } of numbers) this.#frames.u32(number);
    this.#frames.close();
    this.#flushSoon();
  }

  retiring(reason: string): void {
    this.#frames.textFrame(frameKind.retiring, 0, reason);
    this.#flushSoon();
  }

  /** That it lives; told with the next flush. */
  alive(): void {
    this.#frames.empty(frameKind.pong, 0);
  }

  #flushSoon(): void {
    if (this.#frames.pendingBytes > fullBatchBytes) this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}

function logText(level: string, message: string, fields: object | undefined): string {
  try {
    return JSON.stringify([level, message, fields ?? null]);
  } catch (error) {
    // A line is worth more than its fields.
    return JSON.stringify([level, message, { fieldsLost: reasonOf(error) }]);
  }
}
