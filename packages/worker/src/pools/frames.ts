/**
 * The executor protocol's bytes, the same for processes and threads: a worker and its executors exchange batches of frames,
 * `u32 length | u8 version | u8 kind | u32 run number | payload`, numbers little-endian, `length` counting what follows it.
 */
import { CeleriacError } from "@celeriac/core/runtime";

export const frameVersion = 1;

/** w→e: the worker tells an executor; e→w: the other way. The run number is 0 where no run is meant. A kind's number is never given to another. */
export const frameKind = Object.freeze({
  /** w→e, first of all: what to load, as JSON (`ExecutorInit`) */
  init: 1,
  /** e→w: user code is loaded, runs may come */
  ready: 2,
  /** e→w: user code could not be loaded; text of the reason. The executor ends. */
  startFailed: 3,
  /** w→e: see `run-frame.ts` */
  run: 4,
  /** e→w: user code begins. Left out when the outcome is in the same batch. */
  begun: 5,
  /** e→w: see `ending-frame.ts` */
  outcome: 6,
  /** e→w: a state that is not final: length-prefixed name, then its meta as JSON text */
  progress: 7,
  /** e→w: JSON of [level, message, fields] */
  log: 8,
  /** w→e: JSON of [reason, message]; a run that has not begun is handed back */
  abort: 9,
  /** w→e: the run's soft time limit is over; text of the message */
  softLimit: 10,
  /** w→e */
  ping: 11,
  /** e→w */
  pong: 12,
  /** both ways: a step's remembered value; no side sends it yet */
  step: 13,
  /** w→e: hand back what has not begun, finish what runs, then end */
  drain: 14,
  /** w→e: hand back what has not begun */
  recall: 15,
  /** e→w: u32 numbers of runs that did not begin here and will not; run number 0 = the answer to `recall` or `drain`, even if empty */
  handedBack: 16,
  /** e→w: it begins nothing more, and ends when what runs has ended and `drain` was told; text of the reason */
  retiring: 17,
  /** w→e, to a process: it is to end by this signal; answered with `pong`, then its own listeners, if there are any, or the signal itself do the rest */
  raise: 18,
  /** w→e: a run that has not begun is handed back, one that has goes on */
  takeBack: 19,
  /** w→e: u32 runs at once from now on; what runs goes on though it be more */
  slots: 20,
  /** w→e: text of the least level of log lines from now on */
  logLevel: 21,
});

/** A frame is refused above this: it can only be a broken stream, or a value nobody could store. */
export const maxFrameBytes = 2 ** 30;

const headerBytes = 10;
const smallestBatchBytes = 4096;
const largestKeptBytes = 1 << 20;
const none = Buffer.alloc(0);

/** Collects the frames of a turn in one buffer. A frame is `open`, any number of parts, `close`. */
export class FrameWriter {
  #bytes: Buffer = none;
  #at = 0;
  #frameAt = 0;
  #nextBytes = smallestBatchBytes;

  get pendingBytes(): number {
    return this.#at;
  }

  open(kind: number, number: number): void {
    this.#frameAt = this.#at;
    this.#reserve(headerBytes);
    const at = this.#at;
    this.#bytes[at + 4] = frameVersion;
    this.#bytes[at + 5] = kind;
    this.#bytes.writeUInt32LE(number, at + 6);
    this.#at = at + headerBytes;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  text(text: string): void {
    // 3 bytes is the most a UTF-16 unit takes; long texts are measured, so that they do not reserve three times their size.
    this.#reserve(text.length < 16_384 ? text.length * 3 : Buffer.byteLength(text));
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** u32 length in bytes, then the text */
  sizedText(text: string): void {
    this.u32(0);
    const from = this.#at;
    this.text(text);
    this.#bytes.writeUInt32LE(this.#at - from, from - 4);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  close(): void {
    this.#bytes.writeUInt32LE(this.#at - this.#frameAt - 4, this.#frameAt);
  }

  empty(kind: number, number: number): void {
    this.open(kind, number);
    this.close();
  }

  textFrame(kind: number, number: number, text: string): void {
    this.open(kind, number);
    this.text(text);
    this.close();
  }

  /** Everything collected; the bytes now belong to the caller and are alone in their ArrayBuffer, so they can be transferred. */
  take(): Buffer<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#at) as Buffer<ArrayBuffer>;
    this.#nextBytes = Math.min(Math.max(smallestBatchBytes, this.#at + (this.#at >> 2)), largestKeptBytes);
    this.#bytes = none;
    this.#at = 0;
    return taken;
  }

  /** Shows everything collected to `write`, which is done with it when it returns; the buffer is used again. */
  drain(write: (bytes: Buffer) => void): void {
    write(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    if (this.#bytes.length > largestKeptBytes) this.#bytes = none;
  }

  /** Throws RangeError, and forgets the open frame, when it would grow beyond `maxFrameBytes`. */
  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    if (needed - this.#frameAt > maxFrameBytes) {
      this.#at = this.#frameAt;
      throw new RangeError(`A frame to or from an executor is limited to ${maxFrameBytes} bytes`);
    }
    // Not from Node's shared pool: a batch is transferred to a thread together with its ArrayBuffer.
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2, this.#nextBytes));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

/** Takes frames as they come out of a `FrameReader`; the payload is `bytes` from `start` to `end`, and stays untouched afterwards. */
export interface FrameSink {
  frame(kind: number, number: number, bytes: Buffer, start: number, end: number): void;
}

/** Cuts chunks of any size back into frames. After it has thrown the stream is lost. */
export class FrameReader {
  #partial: Buffer | null = null;
  #filled = 0;

  /** Throws WORKER_STARTUP when the other side speaks another version or no frames at all. */
  read(chunk: Buffer, sink: FrameSink): void {
    let at = 0;
    while (at < chunk.length) {
      const left = chunk.length - at;
      if (this.#partial === null && left >= headerBytes) {
        const total = totalBytes(chunk, at);
        if (left >= total) {
          sink.frame(chunk[at + 5] as number, chunk.readUInt32LE(at + 6), chunk, at + headerBytes, at + total);
          at += total;
          continue;
        }
      }
      at += this.#assemble(chunk, at, sink);
    }
  }

  /** Adds to the frame that came only in part; gives how many bytes it took. */
  #assemble(chunk: Buffer, at: number, sink: FrameSink): number {
    this.#partial ??= Buffer.allocUnsafe(headerBytes);
    const taken = chunk.copy(this.#partial, this.#filled, at, Math.min(chunk.length, at + this.#partial.length - this.#filled));
    this.#filled += taken;
    if (this.#filled < this.#partial.length) return taken;
    if (this.#filled === headerBytes) {
      const total = totalBytes(this.#partial, 0);
      if (total > headerBytes) {
        const whole = Buffer.allocUnsafe(total);
        this.#partial.copy(whole);
        this.#partial = whole;
        return taken;
      }
    }
    const whole = this.#partial;
    this.#partial = null;
    this.#filled = 0;
    sink.frame(whole[5] as number, whole.readUInt32LE(6), whole, headerBytes, whole.length);
    return taken;
  }
}

/** Size of the frame whose header stands at `at`, itself included. */
function totalBytes(bytes: Buffer, at: number): number {
  const version = bytes[at + 4] as number;
  if (version !== frameVersion) {
    throw new CeleriacError(
      "WORKER_STARTUP",
      `Expected frames of version ${frameVersion} between worker and executor, got version ${version}: both must come from the same installation; restart the worker`,
    );
  }
  const total = bytes.readUInt32LE(at) + 4;
  if (total < headerBytes || total > maxFrameBytes) {
    throw new CeleriacError(
      "WORKER_STARTUP",
      `A frame between worker and executor claims ${total} bytes: something else writes to their pipe`,
    );
  }
  return total;
}
