/** Something that is asked for when somebody wants to know: once at a time, however many want to, and not again while it is fresh. */
import type { Clock } from "./clock.ts";

export interface Fresh<T> {
  /** What is fresh, or what is being asked for. Rejects as the question does. */
  get(): Promise<T>;
  /** the latest answer, of whatever age; null: there is none */
  readonly last: T | null;
}

export function createFresh<T>(clock: Clock, freshMs: number, ask: () => Promise<T>): Fresh<T> {
  let asking: Promise<T> | null = null;
  let answered: { readonly at: number; readonly value: T } | null = null;
  return {
    get last() {
      return answered?.value ?? null;
    },
    get() {
      if (asking === null && answered !== null && clock.monotonic() - answered.at < freshMs) return Promise.resolve(answered.value);
      asking ??= ask()
        .then((value) => {
          answered = { at: clock.monotonic(), value };
          return value;
        })
        .finally(() => {
          asking = null;
        });
      return asking;
    },
  };
}
