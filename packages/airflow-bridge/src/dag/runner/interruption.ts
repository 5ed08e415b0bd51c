/** Why work is to end before it has: what its signal aborts with. */

export type InterruptionKind =
  /** its execution timeout is over */
  | "timeout"
  /** it is to begin anew */
  | "cleared"
  /** its state was set by hand, or somebody else has it */
  | "taken"
  /** nobody wants it any more */
  | "revoked"
  /** its process is to end */
  | "stopped";

export class Interruption extends Error {
  /** As what `AbortSignal` throws elsewhere: libraries look for it. */
  override readonly name = "AbortError";
  readonly kind: InterruptionKind;
  constructor(kind: InterruptionKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What a signal from outside says: an interruption, else a stop. */
export function interruptionOf(signal: AbortSignal): Interruption {
  return signal.reason instanceof Interruption ? signal.reason : new Interruption("stopped", "its process is to end");
}
