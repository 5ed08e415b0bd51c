/** Celery's logical clock: of two things that know of each other the later one has the greater number. */
export interface LamportClock {
  readonly value: number;
  /** Counts something that happens here, and gives its number. */
  forward(): number;
  /** Something was heard of that had the number `other` where it happened. */
  adjust(other: number): void;
}

export function createLamportClock(): LamportClock {
  let value = 0;
  return {
    get value() {
      return value;
    },
    forward() {
      value += 1;
      return value;
    },
    adjust(other) {
      if (Number.isSafeInteger(other)) value = Math.max(value, other) + 1;
    },
  };
}
