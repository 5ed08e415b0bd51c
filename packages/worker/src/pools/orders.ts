/** What a pool tells one executor, as frames: all of a turn of the event loop in one write. */
import type { AbortReason, LogLevel, Run } from "@celeriac/core/runtime";
import type { ExecutorInit } from "./executor-init.ts";
import { FrameWriter, frameKind } from "./frames.ts";
import type { HeldRun } from "./held-run.ts";
import { writeRun } from "./run-frame.ts";

export class Orders {
  readonly #frames = new FrameWriter();
  readonly #send: (bytes: Buffer<ArrayBuffer>) => void;
  #isScheduled = false;

  constructor(send: (bytes: Buffer<ArrayBuffer>) => void) {
    this.#send = send;
  }

  /** First of all. */
  init(init: ExecutorInit): void {
    this.#text(frameKind.init, 0, JSON.stringify(init));
  }

  /** Throws, and writes nothing, when the run cannot be written. */
  run(number: number, run: Run, reportBegun: boolean): void {
    writeRun(this.#frames, number, run, reportBegun);
    this.#flushSoon();
  }

  abort(held: HeldRun, reason: AbortReason, message: string): void {
    this.#text(frameKind.abort, held.number, JSON.stringify([reason, message]));
  }

  takeBack(held: HeldRun): void {
    this.#empty(frameKind.takeBack, held.number);
  }

  softLimit(held: HeldRun): void {
    this.#text(frameKind.softLimit, held.number, `The soft time limit of ${held.run.softTimeLimitMs} ms is over`);
  }

  /** Hand back what waits. */
  recall(): void {
    this.#empty(frameKind.recall);
  }

  /** Hand back what waits, let what runs end, then end. */
  drain(): void {
    this.#empty(frameKind.drain);
  }

  slots(slots: number): void {
    this.#frames.open(frameKind.slots, 0);
    this.#frames.u32(slots);
    this.#frames.close();
    this.#flushSoon();
  }

  logLevel(level: LogLevel): void {
    this.#text(frameKind.logLevel, 0, level);
  }

  ping(): void {
    this.#empty(frameKind.ping);
  }

  #text(kind: number, number: number, text: string): void {
    this.#frames.textFrame(kind, number, text);
    this.#flushSoon();
  }

  #empty(kind: number, number = 0): void {
    this.#frames.empty(kind, number);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#send(this.#frames.take());
    });
  }
}
