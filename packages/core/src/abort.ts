/** Why the signal of a run has aborted, and whether what the run threw comes of that. */
import type { AbortReason } from "./run.ts";

/** null: it has not. */
export function abortKind(signal: AbortSignal): AbortReason | null {
  return signal.aborted ? ((signal.reason as { kind?: AbortReason } | undefined)?.kind ?? null) : null;
}

/** What a function throws because its signal aborted: the reason itself, or an AbortError made from it. */
export function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  return thrown === signal.reason || (thrown instanceof Error && (thrown.name === "AbortError" || thrown.cause === signal.reason));
}
