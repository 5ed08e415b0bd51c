/**
 * The frames of Airflow's coordinator protocol: four bytes of length (big-endian), then MessagePack. A task's process sends `[id, body]`,
 * its supervisor `[id, body, error]`; bodies are maps with a `type`.
 */
import { Packr } from "msgpackr";

/** Integers of more than 64 bits have no words in MessagePack: they cross as an extension, which only our own children read. */
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true, useBigIntExtension: true, int64AsType: "bigint" });
const headerBytes = 4;
/** Far above any XCom that a server takes: what is announced as longer is no frame. */
const longestFrameBytes = 2 ** 30;

export type Body = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Frame {
  readonly id: number;
  readonly body: Body | null;
  readonly error: Body | null;
}

export function encodeFrame({ id, body, error }: Frame): Buffer {
  const bytes = packr.pack([id, wireForm(body), wireForm(error)]);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(bytes.length);
  return Buffer.concat([header, bytes]);
}

/** Whole numbers beyond 32 bits would be written as floats, which Python takes for floats. */
function wireForm(value: unknown): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) && Math.abs(value) > 0x7fff_ffff ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(wireForm);
  if (ArrayBuffer.isView(value)) return value;
  if (value instanceof Date) return value.toISOString();
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, wireForm(part)]));
}

/** The way back: what fits in a number is one. */
function plainForm(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(plainForm);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainForm(part)]));
}

/** Puts frames together from the pieces in which they come. */
export class FrameReader {
  readonly #receive: (frame: Frame) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted: number | null = null;

  constructor(receive: (frame: Frame) => void) {
    this.#receive = receive;
  }

  /** Throws for what is no frame: the connection is of no use any more. */
  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#wanted === null) {
        if (this.#length < headerBytes) return;
        this.#wanted = this.#take(headerBytes).readUInt32BE();
        if (this.#wanted > longestFrameBytes) throw new RangeError(`A frame of ${this.#wanted} bytes was announced`);
      }
      if (this.#length < this.#wanted) return;
      const bytes = this.#take(this.#wanted);
      this.#wanted = null;
      this.#receive(readFrame(packr.unpack(bytes)));
    }
  }

  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [all.subarray(length)];
    this.#length -= length;
    return all.subarray(0, length);
  }
}

function readFrame(value: unknown): Frame {
  const [id, body = null, error = null] = Array.isArray(value) ? (value.map(plainForm) as readonly unknown[]) : [];
  if (typeof id !== "number" || !isBody(body) || !isBody(error)) throw new TypeError("A frame is no [id, body] of MessagePack");
  return { id, body, error };
}

function isBody(value: unknown): value is Body | null {
  return value === null || (typeof value === "object" && typeof (value as { type?: unknown }).type === "string");
}
