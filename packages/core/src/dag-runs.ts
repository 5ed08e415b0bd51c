/** What the monitor reads of DAGs, their runs and task instances: the contract between it and whatever keeps them, which the command joins. Times are epoch ms. Imports nothing. */

export interface DagRuns {
  /** Whether anybody keeps DAGs here: named in the settings, or made by a scheduler meanwhile. */
  isThere(): boolean;
  /** By id. Rejects, as all of these, with the store's errors. */
  dags(): Promise<readonly DagEntry[]>;
  /** With the `count` runs of the latest dates, the latest first. null: nobody knows it. */
  dag(dagId: string, count: number): Promise<DagGrid | null>;
  /** null: there is no such run. */
  run(dagId: string, runId: string): Promise<DagRunView | null>;
  close(): Promise<void>;
}

export interface DagEntry {
  readonly dagId: string;
  /** as its author wrote it; null: only by hand */
  readonly schedule: string | null;
  readonly tags: readonly string[];
  readonly isPaused: boolean;
  readonly nextRunAt: number | null;
  /** a scheduler has last seen its code */
  readonly seenAt: number;
  readonly taskCount: number;
  /** some of the latest dates, the latest first */
  readonly runs: readonly DagRunEntry[];
}

export interface DagRunEntry {
  readonly runId: string;
  /** scheduled, manual or backfill */
  readonly runType: string;
  /** queued, running, success or failed */
  readonly state: string;
  readonly logicalDate: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface DagTaskEntry {
  readonly id: string;
  readonly group: string | null;
  readonly operator: string;
  readonly upstream: readonly string[];
  readonly triggerRule: string;
}

export interface DagGrid extends Omit<DagEntry, "runs"> {
  /** each behind all that it waits for; then those that its runs have and its code has no more */
  readonly tasks: readonly DagTaskEntry[];
  readonly runs: readonly DagGridRun[];
}

export interface DagGridRun extends DagRunEntry {
  /** task → state → how many of its instances */
  readonly cells: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface DagRunView extends DagRunEntry {
  readonly dagId: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly backfillId: string | null;
  readonly tasks: readonly DagTaskEntry[];
  readonly instances: readonly DagInstanceView[];
}

export interface DagInstanceView {
  readonly taskId: string;
  /** -1: not mapped */
  readonly mapIndex: number;
  readonly state: string;
  readonly tryNumber: number;
  readonly maxTries: number;
  readonly queue: string | null;
  readonly pool: string;
  readonly priorityWeight: number;
  readonly hostname: string | null;
  readonly queuedAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** when it goes on */
  readonly nextAt: number | null;
  readonly reason: string | null;
  /** that have ended */
  readonly tries: readonly DagTryView[];
}

export interface DagTryView {
  readonly tryNumber: number;
  readonly state: string;
  readonly hostname: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number;
  readonly reason: string | null;
}
