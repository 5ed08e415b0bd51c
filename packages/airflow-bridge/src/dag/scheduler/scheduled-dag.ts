/** A DAG with what a scheduler works out of it once: when its runs are due, and the weights of its tasks. */

import { priorityWeights } from "../decision/weights.ts";
import type { DagModel } from "../model.ts";
import type { NextRun } from "../records.ts";
import { createTimetable } from "../timetable/create-timetable.ts";
import type { DataInterval, Timetable } from "../timetable/timetable.ts";

export interface ScheduledDag {
  readonly model: DagModel;
  readonly timetable: Timetable;
  readonly weights: ReadonlyMap<string, number>;
  readonly dependsOnPast: boolean;
  readonly maxActiveRuns: number;
}

export type ScheduledDags = ReadonlyMap<string, ScheduledDag>;

/** Throws SCHEDULE_INVALID. */
export function scheduledDag(model: DagModel): ScheduledDag {
  const timetable = createTimetable(model.schedule);
  return {
    model,
    timetable,
    weights: priorityWeights(model.tasks),
    dependsOnPast: [...model.tasks.values()].some(({ options }) => options.dependsOnPast),
    maxActiveRuns: Math.min(model.maxActiveRuns, timetable.mostActiveRuns ?? model.maxActiveRuns),
  };
}

/** `last`: of the last run that its schedule made; null: there was none. */
export function nextRunOf({ model, timetable }: ScheduledDag, last: DataInterval | null, now: number): NextRun | null {
  const limits = { earliest: model.startAt, latest: model.endAt, catchUp: model.catchUp };
  const found = timetable.next(last, limits, now);
  if (found === null) return null;
  const { runAfter, logicalDate, interval } = found;
  return { runAfter, logicalDate, intervalStart: interval.start, intervalEnd: interval.end };
}
