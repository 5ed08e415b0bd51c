/** An entry of the schedule as it is stored: what is to be sent, when, and what became of it. Plain data; times are epoch ms. */
import { hash } from "node:crypto";
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

/** What became of an entry. */
export interface EntryState {
  readonly source: EntrySource;
  readonly paused: boolean;
  /** when it was first stored, from which on it can be due */
  readonly since: number;
  /** the last due time that was sent, or passed over */
  readonly lastDueAt: number | null;
  readonly lastSentAt: number | null;
  readonly lastTaskId: string | null;
  readonly runs: number;
}

export interface StoredEntry extends EntryState {
  readonly definition: EntryDefinition;
}

/** For who has the definition already, if it is the one with that digest. */
export interface DigestedEntry extends EntryState {
  readonly name: string;
  readonly definition: null;
  /** null: nothing has it */
  readonly digest: string | null;
}

/** How a definition is written: as JSON, with what tells whether another is the same, and what changes when its due times do. */
export interface WrittenDefinition {
  readonly name: string;
  readonly text: string;
  readonly digest: string;
  /** Where it changes due times are counted anew, and what was due by the former ones is not caught up with. */
  readonly timing: string;
}

export function writeDefinition(definition: EntryDefinition): WrittenDefinition {
  const { name, schedule, startAt, enabled } = definition;
  const text = JSON.stringify(definition);
  return { name, text, digest: digestOfText(text), timing: digestOfText(JSON.stringify([schedule, startAt, enabled])) };
}

export function digestOf(definition: EntryDefinition): string {
  return digestOfText(JSON.stringify(definition));
}

function digestOfText(text: string): string {
  return hash("sha1", text, "base64url");
}
