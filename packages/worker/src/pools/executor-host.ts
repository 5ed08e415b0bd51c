/** What all executors share: waits to be told what to load, loads it, then passes everything on to the executor. */
import { type Clock, maskSecrets, reasonOf } from "@celeriac/core/runtime";
import { Executor } from "./executor.ts";
import type { ExecutorInit, OpenedExecute } from "./executor-init.ts";
import { FrameReader, type FrameSink, FrameWriter, frameKind } from "./frames.ts";

export interface HostOptions {
  readonly clock: Clock;
  readonly open: (init: ExecutorInit) => Promise<OpenedExecute>;
  /** see `ExecutorOptions.send` */
  readonly send: (frames: FrameWriter) => void;
  /** Passes what has come and was not read yet to `receive`, at once; absent where nothing can have come. */
  readonly look?: () => void;
  /** Of the run that the code now executing belongs to; undefined where that is not known. */
  readonly currentRunId?: () => string | undefined;
  /** Lets the process end by a signal, if it is one of its own; called when all is reported. */
  readonly raise?: (signal: NodeJS.Signals) => void;
  /** Ends the process or thread; called last, when all is reported. */
  readonly end: (code: number) => void;
}

/** Closing what user code opened must not hold up a stop for longer. */
const closeLimitMs = 5_000;

export class ExecutorHost implements FrameSink {
  readonly #options: HostOptions;
  readonly #reader = new FrameReader();
  #executor: Executor | null = null;
  /** came before it was open */
  readonly #early: Parameters<FrameSink["frame"]>[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
  }

  receive(chunk: Buffer): void {
    this.#reader.read(chunk, this);
    this.#executor?.received();
  }

  frame(kind: number, number: number, bytes: Buffer, start: number, end: number): void {
    if (kind === frameKind.raise) this.#raise(bytes.toString("utf8", start, end) as NodeJS.Signals);
    else if (this.#executor !== null) this.#executor.frame(kind, number, bytes, start, end);
    else if (kind === frameKind.init) void this.#open(JSON.parse(bytes.toString("utf8", start, end)) as ExecutorInit);
    else this.#early.push([kind, number, bytes, start, end]);
  }

  /** Reports what would be lost if the process ended now. */
  flush(): void {
    this.#executor?.flush();
  }

  /** Nothing is begun any more, and what runs is told to give way. */
  abandon(): void {
    this.#executor?.abandon();
  }

  /** Secrets that were read here are known here alone. */
  output(stream: "stdout" | "stderr", printed: string): void {
    const line = maskSecrets(printed);
    const level = stream === "stdout" ? "info" : "warn";
    if (this.#executor !== null) this.#executor.output(level, line, { stream }, this.#options.currentRunId?.());
    else this.#send((frames) => frames.textFrame(frameKind.log, 0, JSON.stringify([level, line, { stream }])));
  }

  /** A promise nobody awaited may belong to any run, or none: it is told, and no run pays for it. */
  unhandled(reason: unknown): void {
    const fields = { reason: reasonOf(reason), stack: reason instanceof Error ? reason.stack : undefined };
    const message = "A promise of user code was rejected and nothing handled it";
    if (this.#executor !== null) this.#executor.log(0, "error", message, fields);
    else this.#send((frames) => frames.textFrame(frameKind.log, 0, JSON.stringify(["error", message, fields])));
  }

  async #open(init: ExecutorInit): Promise<void> {
    try {
      const { clock, open, send, look } = this.#options;
      const execute = await open(init);
      const drained = () => void this.#close(execute.close);
      this.#executor = new Executor({
        slots: init.slots,
        lifetime: init.lifetime,
        logLevel: init.logLevel,
        execute,
        clock,
        send,
        look,
        drained,
      });
      this.#send((frames) => frames.empty(frameKind.ready, 0));
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? reasonOf(error)) : reasonOf(error);
      this.#send((frames) => frames.textFrame(frameKind.startFailed, 0, text));
      return this.#options.end(1);
    }
    for (const frame of this.#early.splice(0)) this.#executor.frame(...frame);
    this.#executor.received();
  }

  #raise(signal: NodeJS.Signals): void {
    this.flush();
    this.#send((frames) => frames.empty(frameKind.pong, 0));
    this.#options.raise?.(signal);
  }

  async #close(close: (() => Promise<void>) | undefined): Promise<void> {
    if (close !== undefined) {
      const late = new AbortController();
      try {
        await Promise.race([close(), this.#options.clock.sleep(closeLimitMs, late.signal)]);
      } catch (error) {
        this.#send((frames) =>
          frames.textFrame(frameKind.log, 0, JSON.stringify(["warn", "Closing the app failed", { reason: reasonOf(error) }])),
        );
      }
      late.abort();
    }
    this.flush();
    this.#options.end(0);
  }

  #send(write: (frames: FrameWriter) => void): void {
    const frames = new FrameWriter();
    write(frames);
    this.#options.send(frames);
  }
}
