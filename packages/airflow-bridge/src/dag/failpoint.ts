/**
 * Named points of a scheduler's round, between any two things that it writes or hands over, where a test can make it die. Unarmed (always,
 * outside tests) a point is one comparison with null.
 */

/** In the order in which a round passes them. */
export const dagFailpointNames = [
  "dags.put",
  "adopt.taken",
  "adopt.committed",
  "adopt.handed",
  "silent.found",
  "silent.written",
  "stuck.written",
  "stuck.committed",
  "events.taken",
  "event.written",
  "event.committed",
  "runs.taken",
  "runs.added",
  "runs.created",
  "runs.started",
  "look.taken",
  "look.read",
  "look.written",
  "look.committed",
  "queue.locked",
  "queue.written",
  "queue.committed",
  "queue.handed",
] as const;
export type DagFailpointName = (typeof dagFailpointNames)[number];

let armed: ReadonlyMap<DagFailpointName, () => void> | null = null;

/** Does nothing unless a test armed it; then runs the test's action, which may throw or end the process. */
export function failpoint(name: DagFailpointName): void {
  if (armed !== null) armed.get(name)?.();
}

/** For tests only: replaces all armed points; an empty map disarms. */
export function armFailpoints(actions: ReadonlyMap<DagFailpointName, () => void>): void {
  armed = actions.size === 0 ? null : actions;
}
