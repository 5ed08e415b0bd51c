/** The record of a run that somebody asks for: a command, a program, a task of another DAG, or a trial. Nothing is written here. */

import type { DagSchedule } from "../model.ts";
import type { RunRecord } from "../records.ts";
import { createTimetable } from "../timetable/create-timetable.ts";
import { type DataInterval, exactly } from "../timetable/timetable.ts";
import { runIdOf } from "./run-id.ts";

/** `schedule`: unknown of a DAG whose code is not in this process */
export interface AskedDag {
  readonly id: string;
  readonly schedule?: DagSchedule | undefined;
}

export interface AskedRun {
  readonly dag: AskedDag;
  /** "manual__<logical date>_<8 random letters>" unless told */
  readonly runId?: string | undefined;
  /** now, unless told */
  readonly logicalDate?: number | undefined;
  readonly params?: RunRecord["params"] | undefined;
}

/** Its data interval is for the timetable of the DAG to say, as in Airflow. Waits to be started. */
export function manualRun({ dag, params = {}, ...asked }: AskedRun, now: number): RunRecord {
  const logicalDate = asked.logicalDate ?? now;
  const { start, end } = intervalOf(dag, logicalDate);
  return {
    ...{
      dagId: dag.id,
      runId: asked.runId ?? runIdOf("manual", logicalDate),
      runType: "manual",
      state: "queued",
      params,
      backfillId: null,
    },
    ...{ logicalDate, intervalStart: start, intervalEnd: end, runAfter: logicalDate },
    ...{ createdAt: now, startedAt: null, endedAt: null, lookAt: now },
  };
}

function intervalOf({ schedule }: AskedDag, logicalDate: number): DataInterval {
  return schedule === undefined ? exactly(logicalDate) : createTimetable(schedule).manual(logicalDate);
}
