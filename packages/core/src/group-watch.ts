/** What is shown of a group while it is watched: how far it is, and how each member has ended. */
import type { GroupTally } from "./group-tally.ts";
import type { Show } from "./result-watch.ts";
import { nothingStored, type Outcome, type TaskSnapshot } from "./snapshot.ts";

/** How far a group is, in its snapshots. */
export interface GroupProgress {
  /** members that have ended, in whichever way */
  readonly done: number;
  readonly of: number;
}

/** How one member has ended. */
export interface MemberEnd<Rs extends readonly unknown[]> {
  readonly index: number;
  readonly outcome: Outcome<Rs[number]>;
}

/** Throws RESULT_UNREADABLE. */
export function groupSnapshot<Rs extends readonly unknown[]>(id: string, tally: GroupTally): TaskSnapshot<Rs, GroupProgress> {
  const base = { ...nothingStored, id, name: null, progress: { done: tally.ended, of: tally.size } };
  if (!tally.isOver) return tally.hasBegun ? { ...base, state: "STARTED" } : { ...base, state: "PENDING", known: true };
  const at = tally.lastEndAt();
  return { ...base, at: at === null ? null : new Date(at), ...(tally.conclude() as Outcome<Rs>) };
}

/** A snapshot at first, when a member is known to have begun, and when members have ended. */
export function groupChanges<Rs extends readonly unknown[]>(id: string, tally: GroupTally): Show<TaskSnapshot<Rs, GroupProgress>> {
  let [hasBegun, ended] = [false, -1];
  return {
    *take(tidings) {
      for (const each of tidings) tally.note(each);
      if (tally.hasBegun === hasBegun && tally.ended === ended) return;
      [hasBegun, ended] = [tally.hasBegun, tally.ended];
      yield groupSnapshot<Rs>(id, tally);
    },
    isOver: () => tally.isOver,
  };
}

/** Each member once: as they end or, `ordered`, by index. */
export function memberEnds<Rs extends readonly unknown[]>(tally: GroupTally, ordered: boolean): Show<MemberEnd<Rs>> {
  const due = Array.from({ length: tally.size }, (_, index) => index).filter((index) => tally.hasEnded(index));
  let shown = 0;
  const end = (index: number) => {
    shown++;
    return { index, outcome: tally.outcome(index) as Outcome<Rs[number]> };
  };
  return {
    *take(tidings) {
      for (const each of tidings) due.push(...tally.note(each));
      if (ordered) while (shown < tally.size && tally.hasEnded(shown)) yield end(shown);
      else for (const index of due.splice(0)) yield end(index);
    },
    isOver: () => shown === tally.size,
  };
}
