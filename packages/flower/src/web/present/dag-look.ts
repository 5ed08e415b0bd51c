/** How states of task instances and of runs look and read, and how many of them read as one. Pure. */
import type { StateLook, Tone } from "./state-look.ts";

const looks: Readonly<Record<string, StateLook>> = {
  failed: { word: "Failed", tone: "bad", icon: "cross" },
  upstream_failed: { word: "Upstream failed", tone: "warn", icon: "cross" },
  restarting: { word: "Restarting", tone: "warn", icon: "retry" },
  up_for_retry: { word: "Up for retry", tone: "warn", icon: "retry" },
  running: { word: "Running", tone: "busy", icon: "play" },
  queued: { word: "Queued", tone: "idle", icon: "inbox" },
  scheduled: { word: "Scheduled", tone: "idle", icon: "clock" },
  deferred: { word: "Deferred", tone: "odd", icon: "clock" },
  up_for_reschedule: { word: "Rescheduled", tone: "odd", icon: "retry" },
  none: { word: "Not decided", tone: "idle", icon: "dotted" },
  removed: { word: "Removed", tone: "idle", icon: "slash" },
  success: { word: "Success", tone: "good", icon: "check" },
  skipped: { word: "Skipped", tone: "odd", icon: "slash" },
};

/** What wants to be seen first. */
const byWeight = Object.keys(looks);

export function dagLookOf(state: string): StateLook {
  return Object.hasOwn(looks, state) ? looks[state]! : { word: state, tone: "idle", icon: "dotted" };
}

/** Of a task's instances the state that says most. null: there is none. */
export function leadingState(counts: Readonly<Record<string, number>> | undefined): string | null {
  const states = Object.keys(counts ?? {});
  return byWeight.find((state) => states.includes(state)) ?? states[0] ?? null;
}

/** "Success", "3 success, 1 failed" */
export function countsText(counts: Readonly<Record<string, number>> | undefined): string {
  const pairs = Object.entries(counts ?? {}).sort(([one], [other]) => byWeight.indexOf(one) - byWeight.indexOf(other));
  if (pairs.length === 0) return "No instance";
  if (pairs.length === 1 && pairs[0]![1] === 1) return dagLookOf(pairs[0]![0]).word;
  return pairs.map(([state, count]) => `${count} ${dagLookOf(state).word.toLowerCase()}`).join(", ");
}

export function countStates(states: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Class of a small sign that only its colour and shape tell: see `dag.css`. */
export function toneOf(state: string | null): Tone | "blank" {
  return state === null || state === "none" ? "blank" : dagLookOf(state).tone;
}
