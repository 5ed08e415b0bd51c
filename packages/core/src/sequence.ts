/** Work that must not overlap: each begins when the one before has ended, however it ended. */
export type Sequence = <T>(work: () => Promise<T>) => Promise<T>;

export function createSequence(): Sequence {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
}
