/** Tasks side by side, and one that gets all their results. */
import { type Step, stepJson } from "../step.ts";
import { groupJson } from "./composite.ts";
import type { GivesAll } from "./group.ts";
import { nestedChord } from "./join.ts";
import { createSignature, type Signature, senderOf } from "./signature.ts";

/**
 * The body is sent when the last of the header has ended, with the list of all results in front of its arguments; at once, with an empty list, where the
 * header is empty. If one failed it is not sent but fails with ChordError, and its error callbacks are sent. Needs a result backend that counts.
 */
// biome-ignore lint/suspicious/noExplicitAny: what members give is inferred
export function chord<const S extends readonly Step<[], any>[], B>(header: S, body: Step<[GivesAll<S>], B>): Signature<[], B> {
  return waited(header, body);
}

/** A chord whose size is known at run time. */
export function chordOf<R, B>(header: Iterable<Step<[], R>>, body: Step<[NoInfer<R>[]], B>): Signature<[], B> {
  return waited([...header], body);
}

function waited<B>(header: readonly unknown[], body: unknown): Signature<[], B> {
  const json = nestedChord(groupJson(header.map(stepJson)), stepJson(body));
  return createSignature<[], B>(senderOf([...header, body]), json);
}
