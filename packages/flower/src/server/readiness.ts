/** Whether the monitor does its work: hears, keeps up, writes. Pure. */
import type { Ear } from "./hear.ts";
import type { HistoryFacts } from "./history/history.ts";

export interface Readiness {
  readonly ready: boolean;
  /** sentences; none where it is ready */
  readonly reasons: readonly string[];
}

/** Of five seconds at the most that it is made for: it does not keep up. */
const mostBehind = 25_000;

export function readinessOf({ behind, trouble }: HistoryFacts, { awaySince }: Pick<Ear, "awaySince">): Readiness {
  const reasons = [
    awaySince === null ? null : `The broker cannot be reached since ${new Date(awaySince * 1_000).toISOString()}.`,
    behind <= mostBehind ? null : `${behind} events that were heard are not written yet.`,
    trouble === null ? null : `The history cannot be written: ${trouble}`,
  ].filter((reason) => reason !== null);
  return { ready: reasons.length === 0, reasons };
}
