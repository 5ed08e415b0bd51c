/** One step behind the other, each given what the one before it gave. Typed to eight steps, one overload for each length, so that an error names the step that is wrong. */
import { type Step, stepJson } from "../step.ts";
import { joined, nestedChord } from "./join.ts";
import { createSignature, type Signature, senderOf } from "./signature.ts";

type Args = readonly unknown[];
/** Given by the step before, never inferred here: an error is the later step's. */
type From<T> = NoInfer<T>;

/**
 * A chain is sent as its first step, in which the others lie; each is sent by the worker that ran the one before it. What a step gives comes in front
 * of the arguments of the next; `si()` ignores it. A group that another step follows waits for all its members: a chord.
 */
export function chain<I extends Args, A>(a: Signature<I, A>): Signature<I, A>;
export function chain<I extends Args, A, B>(a: Signature<I, A>, b: Step<[From<A>], B>): Signature<I, B>;
export function chain<I extends Args, A, B, C>(a: Signature<I, A>, b: Step<[From<A>], B>, c: Step<[From<B>], C>): Signature<I, C>;
export function chain<I extends Args, A, B, C, D>(
  a: Signature<I, A>,
  b: Step<[From<A>], B>,
  c: Step<[From<B>], C>,
  d: Step<[From<C>], D>,
): Signature<I, D>;
export function chain<I extends Args, A, B, C, D, E>(
  a: Signature<I, A>,
  b: Step<[From<A>], B>,
  c: Step<[From<B>], C>,
  d: Step<[From<C>], D>,
  e: Step<[From<D>], E>,
): Signature<I, E>;
export function chain<I extends Args, A, B, C, D, E, F>(
  a: Signature<I, A>,
  b: Step<[From<A>], B>,
  c: Step<[From<B>], C>,
  d: Step<[From<C>], D>,
  e: Step<[From<D>], E>,
  f: Step<[From<E>], F>,
): Signature<I, F>;
export function chain<I extends Args, A, B, C, D, E, F, G>(
  a: Signature<I, A>,
  b: Step<[From<A>], B>,
  c: Step<[From<B>], C>,
  d: Step<[From<C>], D>,
  e: Step<[From<D>], E>,
  f: Step<[From<E>], F>,
  g: Step<[From<F>], G>,
): Signature<I, G>;
export function chain<I extends Args, A, B, C, D, E, F, G, H>(
  a: Signature<I, A>,
  b: Step<[From<A>], B>,
  c: Step<[From<B>], C>,
  d: Step<[From<C>], D>,
  e: Step<[From<D>], E>,
  f: Step<[From<E>], F>,
  g: Step<[From<F>], G>,
  h: Step<[From<G>], H>,
): Signature<I, H>;
export function chain(...steps: readonly unknown[]): unknown {
  return inLine(steps);
}

/** A chain whose length is known at run time: each step takes what it gives. */
export function chainOf<I extends Args, T>(first: Signature<I, T>, rest: Iterable<Step<[From<T>], From<T>>>): Signature<I, T> {
  return inLine<I, T>([first, ...rest]);
}

/** Untyped within: the overloads are what users see. */
function inLine<I extends Args, T>(steps: readonly unknown[]): Signature<I, T> {
  return createSignature<I, T>(senderOf(steps), joined(steps.map(stepJson), nestedChord));
}
