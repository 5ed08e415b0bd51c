/** The frames of a task's process: the first one says what to run, then it asks and is answered. */
import type { Socket } from "node:net";
import { CeleriacError } from "@celeriac/core/runtime";
import { type Body, encodeFrame, type Frame, FrameReader } from "../coordinator/frames.ts";
import type { Ending, Request, StartupDetails } from "../coordinator/messages.ts";

export class SupervisorChannel {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { answered(frame: Frame): void; lost(error: Error): void }>();
  readonly #closed = new AbortController();
  readonly #startup: Promise<Frame>;
  #lastId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#startup = this.#wait(0);
    // Who never asks for it must not end the process.
    this.#startup.catch(() => {});
    const reader = new FrameReader((frame) => this.#waiting.get(frame.id)?.answered(frame));
    socket.on("data", (chunk: Buffer) => {
      try {
        reader.add(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#closed.abort();
      for (const { lost } of this.#waiting.values()) lost(gone());
    });
  }

  /** aborted when the supervisor is gone */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** The frame with id 0, which nobody has asked for. */
  async startup(): Promise<StartupDetails> {
    const { body } = await this.#startup;
    if (body?.type !== "StartupDetails") throw new TypeError(`The first frame is ${body?.type ?? "empty"}, not StartupDetails`);
    return body as unknown as StartupDetails;
  }

  /** The answer as it came, an error's too. Rejects when the supervisor is gone. */
  async ask(request: Request | Ending): Promise<Frame> {
    const id = ++this.#lastId;
    const answered = this.#wait(id);
    this.#socket.write(encodeFrame({ id, body: request as Body, error: null }));
    return await answered;
  }

  close(): void {
    this.#socket.destroy();
  }

  #wait(id: number): Promise<Frame> {
    if (this.#closed.signal.aborted) return Promise.reject(gone());
    return new Promise((answered, lost) => {
      const forget = () => this.#waiting.delete(id);
      this.#waiting.set(id, {
        answered: (frame) => forget() && answered(frame),
        lost: (error) => forget() && lost(error),
      });
    });
  }
}

function gone(): CeleriacError {
  return new CeleriacError("AIRFLOW_API", "The supervisor of this task is gone");
}
