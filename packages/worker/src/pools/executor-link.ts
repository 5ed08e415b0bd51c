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
  /** Ends it at once, whatever it does. `exited` follows. Safe to call twice. */
  terminate(): void;
}

export type OpenLink = (listener: LinkListener) => ExecutorLink;
