/**
 * Named points at each await between a claim and its settlement, where a test can make a process die, stall or fail.
 * Unarmed (always, outside tests) a point is one comparison with null.
 */

/** In the order a delivery passes them; those of chords only the last member of one. */
export const failpointNames = [
  "claim.received",
  "gate.passed",
  "pool.submitted",
  "executor.begun",
  "executor.finished",
  "outcome.received",
  "settle.before",
  "settle.opened",
  "settle.stored",
  "settle.published",
  "chord.complete",
  "chord.composed",
  "chord.published",
  "chord.closed",
  "settle.acknowledged",
] as const;
export type FailpointName = (typeof failpointNames)[number];
export type FailpointAction = (name: FailpointName) => void;

let armed: ReadonlyMap<FailpointName, FailpointAction> | null = null;

/** Does nothing unless a test armed it; then runs the test's action, which may throw or end the process. */
export function failpoint(name: FailpointName): void {
  if (armed !== null) armed.get(name)?.(name);
}

/** For tests only: replaces all armed points; an empty map disarms. */
export function armFailpoints(actions: ReadonlyMap<FailpointName, FailpointAction>): void {
  armed = actions.size === 0 ? null : actions;
}
