/** One executor as seen from outside: a process or a thread that takes and gives bytes, and can be ended. */

export interface ExecutorExit {
  /** Text for people, e.g. "signal SIGKILL" or "exit code 1: Error: out of memory". */
  readonly reason: string;
}

/** Told by a link; called synchronously, must not throw. */
export interface LinkListener {
  received(chunk: Buffer): void;
  /** printed past the executor's own capture: by native code, a grandchild, or Node itself as it dies */
  printed(stream: "stdout" | "stderr", line: string): void;
  /** Once, and last: everything it wrote before it ended has been received. Also when it could not even be started. */
  exited(exit: ExecutorExit): void;
}

export interface ExecutorLink {
  /** of the process user code runs in; 0 while none could be started */
  readonly pid: number;
  /** Takes over `bytes`, which fill their ArrayBuffer from its start. Dropped when the executor is gone. */
  send(bytes: Buffer<ArrayBuffer>): void;
  /** The JavaScript that user code executes there, innermost call first, even if it never gives way; empty: none now. null: it could not be told. */
  stack(): Promise<readonly string[] | null>;
  /**
   * Ends it, whatever it does, and `exited` follows: at once, but a process asked to end by another `signal` than SIGKILL is given a few seconds
   * while it answers. Safe to call twice; the harder call wins.
   */
  terminate(signal?: NodeJS.Signals): void;
}

export type OpenLink = (listener: LinkListener) => ExecutorLink;
