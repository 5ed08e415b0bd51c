/** Turns what user code prints into lines: within its process (`captureLines`), and outside of it (`LineCutter`). */
import type { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { maskSecrets } from "./redact.ts";

const longestLine = 16_384;

/** Cuts a stream of bytes into lines; a line longer than 16,384 characters comes in pieces. */
export class LineCutter {
  readonly #emit: (line: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  add(chunk: Uint8Array | string): void {
    const lines = (this.#rest + (typeof chunk === "string" ? chunk : this.#decoder.write(Buffer.from(chunk)))).split("\n");
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#emitPieces(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (this.#rest.length > longestLine) this.end();
  }

  /** The last line, if it has no end. */
  end(): void {
    const rest = this.#rest;
    this.#rest = "";
    this.#emitPieces(rest);
  }

  #emitPieces(line: string): void {
    for (let at = 0; at < line.length; at += longestLine) this.#emit(line.slice(at, at + longestLine));
  }
}

/** From now on secrets that this process knows are masked in the texts that are written to `streams`. */
export function maskWrites(...streams: readonly Writable[]): void {
  for (const stream of streams) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: unknown[]) => write(typeof chunk === "string" ? maskSecrets(chunk) : chunk, ...rest);
  }
}

/** From now on lines written to `stream` go to `emit`, at the moment they are written, instead of where it leads. */
export function captureLines(stream: Writable, emit: (line: string) => void): void {
  const cutter = new LineCutter(emit);
  stream.write = (chunk: Uint8Array | string, encoding?: unknown, written?: (error?: Error | null) => void): boolean => {
    cutter.add(
      typeof chunk === "string" && typeof encoding === "string" && encoding !== "utf8"
        ? Buffer.from(chunk, encoding as BufferEncoding)
        : chunk,
    );
    const done = typeof encoding === "function" ? (encoding as () => void) : written;
    if (done !== undefined) queueMicrotask(() => done());
    return true;
  };
}
