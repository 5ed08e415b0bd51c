/** What an executor tells its pool, out of the bytes that come from it: the counterpart of `orders.ts`. */
import type { Ending } from "@celeriac/core/runtime";
import { readEnding } from "./ending-frame.ts";
import { FrameReader, type FrameSink, frameKind } from "./frames.ts";
import type { LogLevel } from "./held-run.ts";

/** Told in the order in which it was said. Numbers may be of runs that are not known. */
export interface ReportSink {
  ready(): void;
  startFailed(reason: string): void;
  began(number: number): void;
  ended(number: number, ending: Ending, runMs: number): void;
  progressed(number: number, state: string, metaJson: string): void;
  /** `number` 0 = of no run in particular */
  logged(number: number, level: LogLevel, message: string, fields: object | undefined): void;
  /** `answerTo` 0: all that waited */
  handedBack(answerTo: number, numbers: readonly number[]): void;
  retire(reason: string): void;
}

export class Reports implements FrameSink {
  readonly #reader = new FrameReader();
  readonly #sink: ReportSink;

  constructor(sink: ReportSink) {
    this.#sink = sink;
  }

  /** Throws WORKER_STARTUP where the bytes are no frames, and errors of JSON. */
  read(chunk: Buffer): void {
    this.#reader.read(chunk, this);
  }

  frame(kind: number, number: number, bytes: Buffer, start: number, end: number): void {
    switch (kind) {
      case frameKind.outcome: {
        const { ending, runMs } = readEnding(bytes, start, end);
        this.#sink.ended(number, ending, runMs);
        break;
      }
      case frameKind.begun:
        this.#sink.began(number);
        break;
      case frameKind.progress: {
        const metaAt = start + 4 + bytes.readUInt32LE(start);
        this.#sink.progressed(number, bytes.toString("utf8", start + 4, metaAt), bytes.toString("utf8", metaAt, end));
        break;
      }
      case frameKind.log: {
        const [level, message, fields] = JSON.parse(bytes.toString("utf8", start, end)) as [LogLevel, string, object | null];
        this.#sink.logged(number, level, message, fields ?? undefined);
        break;
      }
      case frameKind.handedBack: {
        const numbers = Array.from({ length: (end - start) / 4 }, (_, place) => bytes.readUInt32LE(start + place * 4));
        this.#sink.handedBack(number, numbers);
        break;
      }
      case frameKind.retiring:
        this.#sink.retire(bytes.toString("utf8", start, end));
        break;
      case frameKind.ready:
        this.#sink.ready();
        break;
      case frameKind.startFailed:
        this.#sink.startFailed(bytes.toString("utf8", start, end));
        break;
    }
  }
}
