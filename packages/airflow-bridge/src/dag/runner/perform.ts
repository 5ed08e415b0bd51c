/** Does the work of one try until it ends or is interrupted, and says what came of it. Knows no store. */
import type { Clock } from "@celeriac/core/runtime";
import type { Ending } from "../model.ts";
import { Interruption } from "./interruption.ts";
import { thrownEnding } from "./task-ending.ts";
import type { TimeLimit } from "./time-limit.ts";

export type Performed =
  | { readonly kind: "ended"; readonly ending: Ending; readonly heeded: boolean }
  /** nothing is to come of it; `heeded`: the work has stopped, instead of running on unseen */
  | { readonly kind: "cleared" | "taken" | "stopped"; readonly heeded: boolean };

/** Work may clean up for so long, unless told. */
export const usualGraceMs = 5_000;

export interface PerformLimits {
  readonly timeLimit: TimeLimit | null;
  /** how long work may clean up once its signal has aborted */
  readonly graceMs: number;
  readonly clock: Clock;
}

/** Never rejects. `abort`: whoever aborts it gives an Interruption. */
export async function perform(work: () => Promise<Ending>, abort: AbortController, limits: PerformLimits): Promise<Performed> {
  const { timeLimit, graceMs, clock } = limits;
  const overdue = timeLimit === null ? null : new Interruption("timeout", timeLimit.ending.reason);
  const timer = timeLimit === null ? null : clock.after(timeLimit.ms, () => abort.abort(overdue));
  const graceOver = new AbortController();
  const given = await Promise.race([settled(work), unheeded(abort.signal, graceMs, clock, graceOver.signal)]);
  timer?.cancel();
  graceOver.abort();
  if (timeLimit !== null && abort.signal.reason === overdue) return { kind: "ended", ending: timeLimit.ending, heeded: given !== null };
  return performedOf(given, abort.signal);
}

async function settled(work: () => Promise<Ending>): Promise<Ending> {
  try {
    return await work();
  } catch (error) {
    return thrownEnding(error);
  }
}

/** null, when the work has not ended in time after its signal aborted; never, where that does not abort. */
async function unheeded(signal: AbortSignal, graceMs: number, clock: Clock, ended: AbortSignal): Promise<null> {
  if (!signal.aborted)
    await new Promise<void>((aborted) => signal.addEventListener("abort", () => aborted(), { once: true, signal: ended }));
  await clock.sleep(graceMs, ended);
  return null;
}

function performedOf(given: Ending | null, signal: AbortSignal): Performed {
  const heeded = given !== null;
  if (!signal.aborted) return { kind: "ended", ending: given!, heeded };
  const { kind, message } = signal.reason as Interruption;
  switch (kind) {
    case "cleared":
    case "taken":
      return { kind, heeded };
    case "stopped":
      // What it had done by then is done.
      return given !== null && (given.kind !== "failed" || !given.retryable) ? { kind: "ended", ending: given, heeded } : { kind, heeded };
    case "timeout":
    case "revoked":
      return { kind: "ended", ending: { kind: "failed", reason: message, retryable: true }, heeded };
  }
}
