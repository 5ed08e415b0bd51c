/** What scheduler, runner and commands keep and read, as tables behind transactions. One set of statements serves both adapters beside it. */
import type { Connection } from "../connections/connection.ts";
import type {
  BackfillRecord,
  DagRecord,
  InstancePlace,
  InstanceRecord,
  NextRun,
  PoolRecord,
  RunPlace,
  RunRecord,
  SchedulerRecord,
  TryRecord,
  UnloggedRecord,
  XComRecord,
} from "../records.ts";
import type { InstanceState, RunState } from "../states.ts";

export type DagStore = Database<Tables>;

/** Opening connects nothing. Everything rejects with DAG_STORE_* when the database does not answer, is full, broken or of another version. */
export interface Database<T> {
  /** for messages, without credentials */
  readonly label: string;
  /**
   * One transaction: what `body` wrote is there as a whole, or not at all. It must await nothing but the tables, no other transaction either, and
   * may run once more when the database has undone it, as after a deadlock: so it collects nothing outside.
   */
  write<R>(body: (tables: T) => Promise<R>): Promise<R>;
  /** What `body` reads, all of it as it was at one moment, without a lock. */
  read<R>(body: (tables: T) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

export interface Tables {
  readonly dags: DagTable;
  readonly runs: RunTable;
  readonly backfills: BackfillTable;
  readonly instances: InstanceTable;
  readonly tries: TryTable;
  readonly unlogged: UnloggedTable;
  readonly xcoms: XComTable;
  readonly pools: PoolTable;
  readonly schedulers: SchedulerTable;
  readonly connections: ConnectionTable;
  readonly variables: VariableTable;
}

/**
 * `take…`: locks the rows until the transaction ends; those that another has locked are left out. `dagIds`: of these alone, which are those that
 * the scheduler has the code of. Who changes rows of several tables does it in this order, so that nobody waits in a circle: pools, DAG, run
 * (`wake` too), instances, what hangs on them.
 */
export interface DagTable {
  /** What the code says; `nextRun` and `isPaused` stay as they are where it is known, else `isPaused` is false. */
  putAll(dags: readonly Omit<DagRecord, "isPaused" | "nextRun">[]): Promise<void>;
  find(dagId: string): Promise<DagRecord | null>;
  /** Those of them that are there, in any order. */
  findAll(dagIds: readonly string[]): Promise<readonly DagRecord[]>;
  all(): Promise<readonly DagRecord[]>;
  setPaused(dagId: string, isPaused: boolean): Promise<boolean>;
  setNextRuns(next: ReadonlyMap<string, NextRun | null>): Promise<void>;
  take(dagId: string): Promise<DagRecord | null>;
  /** Not paused, with a next run that is due, and less active runs (queued or running, no backfill's) than it may have; the longest due first. */
  takeDue(now: number, limit: number, dagIds: readonly string[]): Promise<readonly DagRecord[]>;
}

export interface RunTable {
  /** false: there is one of this id, or a scheduled one of this date */
  add(run: RunRecord): Promise<boolean>;
  /** Leaves out those that `add` would not take. */
  addAll(runs: readonly RunRecord[]): Promise<void>;
  find(place: RunPlace): Promise<RunRecord | null>;
  /** the latest logical date first */
  list(filter: {
    readonly dagId?: string | undefined;
    readonly states?: readonly RunState[] | undefined;
    readonly backfillId?: string | undefined;
    /** logical dates, both included */
    readonly from?: number | undefined;
    readonly to?: number | undefined;
    readonly limit: number;
  }): Promise<readonly RunRecord[]>;
  /** The last one before, by logical date: for what depends on the past. */
  before(run: RunRecord): Promise<RunRecord | null>;
  /** Of each of these DAGs the last one, by logical date, that its schedule made; none where there is none. */
  lastScheduled(dagIds: readonly string[]): Promise<readonly RunRecord[]>;
  /** Of each DAG so many, as `list` would give them; no DAG that has none. */
  latest(count: number): Promise<ReadonlyMap<string, readonly RunRecord[]>>;
  /** Running ones that want to be looked at, the longest waiting first; those of paused DAGs too. */
  takeReady(now: number, limit: number, dagIds: readonly string[]): Promise<readonly RunRecord[]>;
  /** Queued ones, by logical date, the latest first in a backfill that is `reverse`. Who holds the lock of the DAG may start them, within its limit. */
  takeQueued(dagId: string, backfillId: string | null, limit: number): Promise<readonly RunRecord[]>;
  take(place: RunPlace): Promise<RunRecord | null>;
  /**
   * Those that ended before, without the last run of each DAG and the last that its schedule made, from which others go on, and without those that a
   * log beside the store may not have all of.
   */
  takeOld(endedBefore: number, limit: number): Promise<readonly RunRecord[]>;
  /** With all that hangs on them. */
  removeAll(places: readonly RunPlace[]): Promise<void>;
  set(place: RunPlace, fields: RunFields): Promise<void>;
  setAll(changes: readonly RunChange[]): Promise<void>;
  /** The scheduler is to look at it at `at`, if not before. */
  wake(place: RunPlace, at: number): Promise<void>;
  /** How many are queued and running, of each DAG and of each backfill that has any. */
  countActive(): Promise<readonly ActiveRuns[]>;
}

export type RunFields = Partial<Pick<RunRecord, "state" | "startedAt" | "endedAt" | "lookAt" | "params" | "backfillId">>;

export interface RunChange {
  readonly run: RunPlace;
  /** one or more */
  readonly fields: RunFields;
}

export interface ActiveRuns {
  readonly dagId: string;
  /** null: all that belong to none */
  readonly backfillId: string | null;
  readonly queued: number;
  readonly running: number;
}

export interface BackfillTable {
  add(backfill: BackfillRecord): Promise<void>;
  find(backfillId: string): Promise<BackfillRecord | null>;
  /** the newest first */
  ofDag(dagId: string): Promise<readonly BackfillRecord[]>;
}

export type InstanceFields = Partial<Omit<InstanceRecord, keyof InstancePlace>>;

export interface ExpectedInstance {
  readonly states: readonly InstanceState[];
  readonly tryNumber?: number;
  readonly externalId?: string | null;
  readonly heartbeatBefore?: number;
}

export interface InstanceChange {
  /** as it was read */
  readonly instance: InstanceRecord;
  /** one or more */
  readonly fields: InstanceFields;
}

export interface InstanceTable {
  /** Those that are there stay as they are. */
  addAll(instances: readonly InstanceRecord[]): Promise<void>;
  ofRun(place: RunPlace): Promise<readonly InstanceRecord[]>;
  /** In the order of the runs. */
  ofRuns(places: readonly RunPlace[]): Promise<readonly (readonly InstanceRecord[])[]>;
  find(place: InstancePlace): Promise<InstanceRecord | null>;
  /** Sets the fields if it is still so; false if not. */
  change(place: InstancePlace, expected: ExpectedInstance, fields: InstanceFields): Promise<boolean>;
  /** Changes each that is still in the state in which it was read, any number in a few statements; gives those changes. */
  changeAll(changes: readonly InstanceChange[]): Promise<readonly InstanceChange[]>;
  /** The placeholder gives way to what it was mapped to, and so does what is too much, with its XCom. */
  remove(places: readonly InstancePlace[]): Promise<void>;
  /**
   * Of running runs of DAGs that are not paused, without the pools and runs that have no room, and without those that need more slots than their
   * pool has at all: by weight, the heaviest first, then the oldest run, then the lowest index.
   */
  takeScheduled(
    limit: number,
    dagIds: readonly string[],
    without: { readonly pools: readonly string[]; readonly runs: readonly RunPlace[] },
  ): Promise<readonly InstanceRecord[]>;
  /** Scheduled ones whose pool is not there, or has less slots than they need, and of which no reason is told yet. */
  poolless(limit: number, dagIds: readonly string[]): Promise<readonly InstanceRecord[]>;
  /** Slots that queued and running (and, where the pool says so, deferred) instances hold. */
  usedSlots(): Promise<ReadonlyMap<string, number>>;
  /** Queued and running instances of the runs that have any. */
  activeByRun(): Promise<readonly (RunPlace & { readonly active: number })[]>;
  /** In any run. Cheap for the unfinished, of which there are few beside all that have ended; `none` is not among them. A time that is null is not before. */
  inStates(
    states: readonly InstanceState[],
    filter?: {
      readonly heartbeatBefore?: number;
      readonly queuedBefore?: number;
      readonly nextBefore?: number;
      readonly scheduler?: string;
    },
  ): Promise<readonly InstanceRecord[]>;
}

export interface TryTable {
  /** In place of what was told of this try before. */
  add(row: TryRecord): Promise<void>;
  ofRun(place: RunPlace): Promise<readonly TryRecord[]>;
}

export interface UnloggedTable {
  /** In place of what is there of these runs. */
  putAll(runs: readonly UnloggedRecord[]): Promise<void>;
  list(limit: number, dagIds: readonly string[]): Promise<readonly UnloggedRecord[]>;
  /** Those that were not put there again since. */
  removeAll(runs: readonly UnloggedRecord[]): Promise<void>;
}

export interface XComTable {
  put(row: XComRecord): Promise<void>;
  /** All instances of a task, by map index. */
  ofTask(place: RunPlace, taskId: string, key: string): Promise<readonly XComRecord[]>;
  clear(place: InstancePlace): Promise<void>;
}

export interface PoolTable {
  put(pool: PoolRecord): Promise<void>;
  /** The default pool stays. */
  remove(name: string): Promise<boolean>;
  all(): Promise<readonly PoolRecord[]>;
  /** All, locked: who queues does it alone. */
  takeAll(): Promise<readonly PoolRecord[]>;
}

export interface SchedulerTable {
  put(scheduler: SchedulerRecord): Promise<void>;
  all(): Promise<readonly SchedulerRecord[]>;
  /** Those not heard of since then: who takes one takes over what it had queued. */
  takeSilent(before: number): Promise<readonly SchedulerRecord[]>;
  remove(id: string): Promise<boolean>;
}

export interface ConnectionTable {
  put(connection: Connection): Promise<void>;
  find(id: string): Promise<Connection | null>;
  all(): Promise<readonly Connection[]>;
  remove(id: string): Promise<boolean>;
}

export interface VariableTable {
  put(key: string, value: string): Promise<void>;
  find(key: string): Promise<string | null>;
  all(): Promise<ReadonlyMap<string, string>>;
  remove(key: string): Promise<boolean>;
}
