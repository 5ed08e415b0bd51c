/** An entry of the schedule as it is stored: what is to be sent, when, and what became of it. Plain data; times are epoch ms. */
import type { ScheduleJson } from "./schedule.ts";
import type { SignatureJson } from "./step.ts";

/** Who added it: the app's code, or somebody while it ran. A deploy changes only the first. */
export type EntrySource = "code" | "runtime";
export type CatchUp = "skip" | "last" | "all";
export type Overlap = "allow" | "skip" | "cancel";

export interface EntryDefinition {
  readonly name: string;
  /** "custom": a schedule of the project's own, which only its code has */
  readonly schedule: ScheduleJson | { readonly kind: "custom"; readonly text: string };
  /** what is sent: the signature of a task, or of a composite, whose tasks have no ids yet */
  readonly call: SignatureJson;
  readonly enabled: boolean;
  readonly startAt: number | null;
  readonly endAt: number | null;
  readonly maxRuns: number | null;
  readonly jitterMs: number;
  readonly catchUp: CatchUp;
  readonly deadlineMs: number | null;
  readonly overlap: Overlap;
}

export interface StoredEntry {
  readonly source: EntrySource;
  readonly definition: EntryDefinition;
  readonly paused: boolean;
  /** when it was first stored, from which on it can be due */
  readonly since: number;
  /** the last due time that was sent, or passed over */
  readonly lastDueAt: number | null;
  readonly lastSentAt: number | null;
  readonly lastTaskId: string | null;
  readonly runs: number;
}

/** Changes when the due times of the entry do: they are counted anew then, and what was due by the former ones is not caught up with. */
export function timingOf({ schedule, startAt, enabled }: EntryDefinition): string {
  return JSON.stringify([schedule, startAt, enabled]);
}
