/** The JSON shapes of DAGs in `/api/v2`, as those in contract.ts: times are epoch seconds, null means that nobody knows. */

/** GET api/v2/dags */
export interface DagList {
  readonly rows: readonly DagRow[];
}

export interface DagRow {
  readonly id: string;
  /** as its author wrote it; null: only by hand */
  readonly schedule: string | null;
  readonly tags: readonly string[];
  readonly paused: boolean;
  readonly nextRun: number | null;
  /** a scheduler has last seen its code */
  readonly seen: number;
  readonly taskCount: number;
  /** the latest date first, 12 at most */
  readonly runs: readonly DagRunRow[];
}

export interface DagRunRow {
  readonly id: string;
  /** scheduled, manual or backfill */
  readonly type: string;
  /** queued, running, success or failed */
  readonly state: string;
  readonly logicalDate: number;
  readonly created: number;
  readonly started: number | null;
  readonly ended: number | null;
}

export interface DagTask {
  readonly id: string;
  readonly group: string | null;
  readonly operator: string;
  readonly upstream: readonly string[];
  readonly triggerRule: string;
}

/** GET api/v2/dags/:id?runs=25 */
export interface DagView extends Omit<DagRow, "runs"> {
  /** each behind all that it waits for; then those that its runs have and its code has no more */
  readonly tasks: readonly DagTask[];
  /** the latest date first */
  readonly runs: readonly DagGridRow[];
}

export interface DagGridRow extends DagRunRow {
  /** task → state → how many of its instances */
  readonly cells: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** GET api/v2/dags/:id/runs/:run */
export interface DagRunView extends DagRunRow {
  readonly dag: string;
  readonly params: object;
  readonly backfill: string | null;
  readonly tasks: readonly DagTask[];
  readonly instances: readonly DagInstance[];
}

export interface DagInstance {
  readonly task: string;
  /** -1: not mapped */
  readonly mapIndex: number;
  readonly state: string;
  readonly tryNumber: number;
  readonly maxTries: number;
  readonly queue: string | null;
  readonly pool: string;
  readonly weight: number;
  readonly hostname: string | null;
  readonly queued: number | null;
  readonly started: number | null;
  readonly ended: number | null;
  /** when it goes on */
  readonly next: number | null;
  readonly reason: string | null;
  /** that have ended */
  readonly tries: readonly DagTry[];
}

export interface DagTry {
  readonly number: number;
  readonly state: string;
  readonly hostname: string | null;
  readonly started: number | null;
  readonly ended: number;
  readonly reason: string | null;
}
