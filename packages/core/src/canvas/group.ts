/** Tasks side by side, all sent at once. */
import type { CallOptions } from "../call.ts";
import type { GroupResult, SentGroup } from "../group-result.ts";
import { type Step, stepJson } from "../step.ts";
import { groupJson } from "./composite.ts";
import { emptyGroupSender } from "./empty-group.ts";
import { createSignature, type Signature, senderOf } from "./signature.ts";

export interface GroupSignature<in out I extends readonly unknown[], Rs extends readonly unknown[]> extends Signature<I, Rs> {
  delay(...args: I): SentGroup<Rs>;
  applyAsync(args: I, options?: CallOptions): SentGroup<Rs>;
  freeze(id?: string): GroupResult<Rs>;
}

// biome-ignore lint/suspicious/noExplicitAny: an inference slot: whatever it takes
export type Gives<S> = S extends Step<any, infer Out> ? Out : never;
/** What the members of a group give, by index. */
export type GivesAll<S extends readonly unknown[]> = { -readonly [K in keyof S]: Gives<S[K]> };

/**
 * Members all complete, or all missing the same first argument, which each of them gets. `group(…).pipe(task)` is a chord: the task gets all results.
 */
// biome-ignore lint/suspicious/noExplicitAny: what members give is inferred
export function group<const S extends readonly Step<[], any>[]>(...members: S): GroupSignature<[], GivesAll<S>>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export function group<A, const S extends readonly Step<[A], any>[]>(
  // biome-ignore lint/suspicious/noExplicitAny: as above
  ...members: S & readonly Step<[A], any>[]
): GroupSignature<[A], GivesAll<S>>;
export function group(...members: readonly unknown[]): unknown {
  return sideBySide(members);
}

/** A group whose size is known at run time. */
export function groupOf<R>(members: Iterable<Step<[], R>>): GroupSignature<[], R[]> {
  return sideBySide([...members]) as GroupSignature<[], R[]>;
}

/** Untyped within: the signatures above are what users see. */
function sideBySide(members: readonly unknown[]): unknown {
  const sender = members.length === 0 ? emptyGroupSender : senderOf(members);
  return createSignature<never, never>(sender, groupJson(members.map(stepJson)));
}
