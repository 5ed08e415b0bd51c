/** Asks the thread that stands beside user code in a child process (`child-watch.ts`) what the main thread executes. */
import type { Duplex } from "node:stream";
import { type Clock, LineCutter } from "@celeriac/core/runtime";

/** A child that has only just begun has no such thread yet. */
const answerLimitMs = 3_000;

export class StackRequests {
  readonly #pipe: Duplex | undefined;
  readonly #clock: Clock;
  readonly #waiting: ((stack: readonly string[] | null) => void)[] = [];

  constructor(pipe: Duplex | undefined, clock: Clock) {
    this.#pipe = pipe;
    this.#clock = clock;
    const cutter = new LineCutter((line) => this.#waiting.shift()?.(JSON.parse(line) as readonly string[] | null));
    pipe?.on("data", (chunk: Buffer) => cutter.add(chunk));
    pipe?.on("close", () => {
      for (const answered of this.#waiting.splice(0)) answered(null);
    });
  }

  /** null: it could not be told. */
  async ask(): Promise<readonly string[] | null> {
    const { writable = false } = this.#pipe ?? {};
    if (!writable) return null;
    const answered = new AbortController();
    const answer = new Promise<readonly string[] | null>((resolve) => this.#waiting.push(resolve));
    this.#pipe?.write("?");
    const stack = await Promise.race([answer, this.#clock.sleep(answerLimitMs, answered.signal).then(() => null)]);
    answered.abort();
    return stack;
  }
}
