/** Tells apart what runs under one task id: its retries, and the tasks that it was replaced with, each of which has retries of its own. */
export interface Attempt {
  readonly retries: number;
  /** how many tasks of this id were replaced before */
  readonly nesting: number;
}

/** More than anybody retries. */
const step = 1_000_000;

/** A later one has a higher number; without replacements it is that of the retries. */
export function attemptNumber({ retries, nesting }: Attempt): number {
  return nesting * step + retries;
}

export function readAttempt(attempt: number): Attempt {
  return { retries: attempt % step, nesting: Math.floor(attempt / step) };
}
