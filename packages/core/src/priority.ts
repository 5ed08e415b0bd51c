/** Priorities as an app names them: 0 to 9, higher is sooner, on every broker. */

export type Priority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

export function isPriority(value: unknown): value is Priority {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 9;
}
