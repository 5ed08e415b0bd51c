/** For how long nothing may be heard of a task before it is looked after: twice the time in which nearly all of its kind have run. Pure. */
import type { TypeSummary, UnfinishedTask } from "../history/history.ts";
import { isWaiting } from "../history/merge.ts";
import { percentile } from "../present/series.ts";

/** Seconds. `unknown`: of a kind that never ended well, and of what no slot has begun: how long that waits has nothing to do with how long it runs. */
export const quiet = { least: 60, most: 8 * 3_600, unknown: 600 } as const;

/** task name → seconds */
export function quietTimes(types: readonly Pick<TypeSummary, "name" | "run">[]): ReadonlyMap<string, number> {
  return new Map(
    types.flatMap(({ name, run }) => {
      const p99 = percentile(run, 0.99);
      return p99 === null ? [] : [[name, Math.min(quiet.most, Math.max(quiet.least, 2 * p99))] as const];
    }),
  );
}

/** null: no worker has it yet, or again, and nobody can say when one will. */
export function quietSecondsOf({ name, state }: Pick<UnfinishedTask, "name" | "state">, times: ReadonlyMap<string, number>): number | null {
  if (isWaiting(state)) return null;
  const ofName = times.get(name ?? "") ?? quiet.unknown;
  return state === "RECEIVED" ? Math.max(quiet.unknown, ofName) : ofName;
}
