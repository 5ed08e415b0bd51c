/** What the store keeps: one shape per table. Times are epoch ms, waits ms; null: not yet, or not at all. */
import type { InstanceState, RunState, RunType } from "./states.ts";

export interface DagRecord {
  readonly dagId: string;
  readonly isPaused: boolean;
  /** when the next run is made, and which; null: none is to come */
  readonly nextRun: NextRun | null;
  readonly maxActiveRuns: number;
  /** schedule, tasks and edges as JSON, for those who look at it without its code */
  readonly shape: string;
  /** a scheduler has last seen its code */
  readonly seenAt: number;
}

export interface NextRun {
  readonly runAfter: number;
  readonly logicalDate: number;
  readonly intervalStart: number;
  readonly intervalEnd: number;
}

export interface RunPlace {
  readonly dagId: string;
  readonly runId: string;
}

export interface RunRecord extends RunPlace, NextRun {
  readonly runType: RunType;
  readonly state: RunState;
  readonly params: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** the scheduler looks at it from then on; null: nothing to do before something happens */
  readonly lookAt: number | null;
  /** of a backfill, which has its own limit of runs at once */
  readonly backfillId: string | null;
}

/** Which runs of past dates were asked for, and how many of them may run at once. */
export interface BackfillRecord {
  readonly backfillId: string;
  readonly dagId: string;
  /** logical dates, both included */
  readonly fromDate: number;
  readonly toDate: number;
  readonly maxActiveRuns: number;
  /** which runs that are there already run again: none, failed ones, all that have ended */
  readonly reprocess: ReprocessBehavior;
  /** the latest date first */
  readonly reverse: boolean;
  readonly createdAt: number;
}

export const reprocessBehaviors = ["none", "failed", "completed"] as const;
export type ReprocessBehavior = (typeof reprocessBehaviors)[number];

export interface InstancePlace extends RunPlace {
  readonly taskId: string;
  /** -1: not mapped */
  readonly mapIndex: number;
}

export interface InstanceRecord extends InstancePlace {
  readonly state: InstanceState;
  /** Of the try that is to run, runs, or ran last; 0: none yet. Rises when it is scheduled for a new try, not when it goes on with one. */
  readonly tryNumber: number;
  /** the last number that may still run; rises when it is cleared */
  readonly maxTries: number;
  readonly operator: string;
  readonly queue: string | null;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  /** id under which an executor has it; a new one each time it is queued */
  readonly externalId: string | null;
  /** which scheduler gave it to its executor, and hears what becomes of it */
  readonly scheduler: string | null;
  /** how often it was taken back from an executor where it did not begin; 0 in a new try */
  readonly requeues: number;
  readonly hostname: string | null;
  readonly queuedAt: number | null;
  /** of the try; `firstStartedAt`: of its first look */
  readonly startedAt: number | null;
  readonly firstStartedAt: number | null;
  readonly endedAt: number | null;
  readonly heartbeatAt: number | null;
  /** up_for_retry, up_for_reschedule, deferred: when it goes on */
  readonly nextAt: number | null;
  /** why it failed or was skipped */
  readonly reason: string | null;
}

/** The log: one for each try that ended. */
export interface TryRecord extends InstancePlace {
  readonly tryNumber: number;
  readonly state: InstanceState;
  readonly hostname: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number;
  readonly reason: string | null;
}

/** A run whose tries may have ended without its log having them. */
export interface UnloggedRecord extends RunPlace {
  /** another one each time that it is put there */
  readonly mark: string;
}

export interface XComRecord extends InstancePlace {
  /** "return_value" by default */
  readonly key: string;
  /** as JSON */
  readonly value: string;
}

export interface PoolRecord {
  readonly name: string;
  readonly slots: number;
  /** deferred instances hold their slots as well */
  readonly includeDeferred: boolean;
}

/** A scheduler that runs, or died without a word. */
export interface SchedulerRecord {
  /** of the process: a scheduler that starts again has another */
  readonly id: string;
  readonly hostname: string;
  readonly startedAt: number;
  readonly heartbeatAt: number;
}
