/** What is known of a group's members so far. Counted as it comes in, so that who waits for thousands of them looks at each only once. */
import type { Expected, Tidings } from "./result-listen.ts";
import { readResult } from "./result-meta.ts";
import { type Outcome, outcomeOf, readSnapshot, type SnapshotSubject } from "./snapshot.ts";
import { isFinal } from "./states.ts";

/** A task, or a group within the group. */
export type Member = (Expected & { readonly members?: undefined }) | { readonly members: readonly Member[] };

/** The tasks of which it is made. */
export function tasksOf(member: Member): readonly Expected[] {
  return member.members === undefined ? [member] : member.members.flatMap(tasksOf);
}

export class GroupTally {
  readonly #members: readonly Member[];
  readonly #subjectOf: (taskId: string) => SnapshotSubject;
  /** task → indices of the members it is part of */
  readonly #memberOf = new Map<string, number[]>();
  /** by index, how many tasks of the member have not ended */
  readonly #missing: number[];
  /** task → its final text */
  readonly #ends = new Map<string, string>();
  readonly #successes = new Set<string>();
  /** the results of those that come first and have all ended well */
  readonly #values: unknown[] = [];
  #ended = 0;
  #succeeded = 0;
  #hasBegun = false;
  #hasFailed = false;

  constructor(members: readonly Member[], subjectOf: (taskId: string) => SnapshotSubject) {
    this.#members = members;
    this.#subjectOf = subjectOf;
    this.#missing = members.map((member, index) => {
      const tasks = new Set(tasksOf(member).map(({ id }) => id));
      for (const id of tasks) this.#memberOf.set(id, [...(this.#memberOf.get(id) ?? []), index]);
      return tasks.size;
    });
    // A group within that has no members has ended before it began.
    for (const [index, missing] of this.#missing.entries()) if (missing === 0) this.#memberEnded(index);
  }

  get size(): number {
    return this.#members.length;
  }

  /** Members that have ended, in whichever way. */
  get ended(): number {
    return this.#ended;
  }

  /** Members that have ended well. */
  get succeeded(): number {
    return this.#succeeded;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** A task has failed. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get isOver(): boolean {
    return this.#ended === this.#members.length;
  }

  hasEnded(index: number): boolean {
    return this.#missing[index] === 0;
  }

  /** Gives the indices of members that have ended with it. */
  note({ id, text, state }: Tidings): readonly number[] {
    this.#hasBegun = true;
    if (!isFinal(state) || this.#ends.has(id)) return [];
    this.#ends.set(id, text);
    if (state === "SUCCESS") this.#successes.add(id);
    if (state === "FAILURE") this.#hasFailed = true;
    const ended: number[] = [];
    for (const index of this.#memberOf.get(id) ?? []) {
      this.#missing[index]!--;
      if (this.#missing[index] === 0) {
        this.#memberEnded(index);
        ended.push(index);
      }
    }
    return ended;
  }

  /** Of a member that has ended. Throws RESULT_UNREADABLE. */
  outcome(index: number): Outcome<unknown> {
    return this.#outcomeOf(this.#members[index]!);
  }

  /** Of all members, once all have ended. Throws RESULT_UNREADABLE. */
  outcomes(): readonly Outcome<unknown>[] {
    return this.#members.map((member) => this.#outcomeOf(member));
  }

  /** All values or, as soon as all members before it have ended well, the failure of the first that has not; undefined until then. Throws RESULT_UNREADABLE. */
  conclude(): Outcome<readonly unknown[]> | undefined {
    while (this.#values.length < this.#members.length) {
      const next = this.#values.length;
      if (!this.hasEnded(next)) return undefined;
      const outcome = this.outcome(next);
      if (outcome.state !== "SUCCESS") return outcome;
      this.#values.push(outcome.value);
    }
    return { state: "SUCCESS", value: [...this.#values] };
  }

  /** When the last task ended, epoch ms; null where nobody says. Throws RESULT_UNREADABLE. */
  lastEndAt(): number | null {
    let last: number | null = null;
    for (const [id, text] of this.#ends) {
      const { doneAt } = readResult(id, text);
      if (doneAt !== null && (last === null || doneAt > last)) last = doneAt;
    }
    return last;
  }

  #memberEnded(index: number): void {
    this.#ended++;
    if (tasksOf(this.#members[index]!).every(({ id }) => this.#successes.has(id))) this.#succeeded++;
  }

  #outcomeOf(member: Member): Outcome<unknown> {
    if (member.members === undefined) {
      const { id } = member;
      return outcomeOf(readSnapshot(this.#subjectOf(id), this.#ends.get(id)!))!;
    }
    const values: unknown[] = [];
    for (const each of member.members) {
      const outcome = this.#outcomeOf(each);
      if (outcome.state !== "SUCCESS") return outcome;
      values.push(outcome.value);
    }
    return { state: "SUCCESS", value: values };
  }
}
