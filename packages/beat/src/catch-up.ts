/** Which of the due times of an entry that have passed are sent, and which are not any more. Pure. */
import { dueAfter, latestDue, nextDue, type Timing } from "@celeriac/core/runtime";

export interface Decision {
  /** due times to send now, ascending */
  readonly send: readonly number[];
  /** up to this one others are not sent; null: none is left out */
  readonly passedUntil: number | null;
}

const nothing: Decision = { send: [], passedUntil: null };
/** What is `skip`ped is older than what a change of leaders delays. */
const lateMs = 30_000;
/** So many at once; what is left is looked at right after. */
const most = 100;

/** `deadlineMs`: what counts where the entry has none. */
export function decide(entry: Timing, now: number, deadlineMs: number | null): Decision {
  const first = nextDue(entry);
  if (first === null || first > now) return nothing;
  const { catchUp, overlap, maxRuns, deadlineMs: own } = entry.definition;
  const patience = Math.min(own ?? deadlineMs ?? Number.POSITIVE_INFINITY, catchUp === "skip" ? lateMs : Number.POSITIVE_INFINITY);
  const oldest = now - patience;
  const latest = latestDue(entry, first, now);
  if (latest < oldest) return { send: [], passedUntil: latest };
  if (catchUp !== "all") return { send: [latest], passedUntil: latest === first ? null : first };
  const from = first >= oldest ? first : dueAfter(entry, latestDue(entry, first, oldest - 1))!;
  // One after another, where each is to see what became of the one before.
  const count = Math.min(overlap === "allow" ? most : 1, (maxRuns ?? Number.POSITIVE_INFINITY) - entry.runs);
  const send: number[] = [];
  for (let due: number | null = from; due !== null && due <= now && send.length < count; due = dueAfter(entry, due)) send.push(due);
  return { send, passedUntil: from === first ? null : first };
}
