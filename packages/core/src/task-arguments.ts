/** Type arithmetic over a task's arguments, for partials. No code. */

/** Tail of the arguments that may be given to a partial; what is left is missing at the front. */
export type Suffixes<A extends readonly unknown[]> = A extends readonly [unknown, ...infer R] ? A | Suffixes<R> : A;

/** Drop as many items from the end of A as T has. */
export type DropTail<A extends readonly unknown[], T extends readonly unknown[]> = T extends readonly [unknown, ...infer TR]
  ? A extends readonly [...infer H, unknown]
    ? DropTail<H, TR>
    : never
  : A;

/** Everything but the first argument, optional ones included; [] when a task takes none. */
export type Rest<A extends readonly unknown[]> = A extends readonly [] ? [] : A extends readonly [unknown?, ...infer R] ? R : [];
