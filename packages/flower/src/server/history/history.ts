/**
 * The contract of a history: takes what was heard, answers what is asked, away from the thread that serves. Drivers: SQLite (default), PostgreSQL
 * (several monitors on one). Every one passes `test/conformance/history-suite.ts`.
 */
import type { AuditEntry } from "../../shared/contract.ts";
import type { SearchExpression } from "../search/expression.ts";
import type { TaskEvent, TaskRecord } from "./task-record.ts";

export type { AuditEntry };

/** A message of the event exchange as the broker gave it, not yet read. */
export interface HeardMessage {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType: string | undefined;
}

export const sortKeys = ["timestamp", "name", "state", "worker", "sent", "received", "started", "runtime"] as const;
export type SortKey = (typeof sortKeys)[number];

/** All that is given must hold. */
export interface TaskFilter {
  readonly states?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly worker?: string | undefined;
  readonly queue?: string | undefined;
  /** epoch seconds; a task that no worker has received does not fit */
  readonly receivedFrom?: number | undefined;
  /** epoch seconds */
  readonly receivedTo?: number | undefined;
  readonly rootId?: string | undefined;
  readonly search?: SearchExpression | undefined;
}

export interface TaskQuery extends TaskFilter {
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly limit: number;
  /** Where the page begins: as many rows further on, or what `next` of the page before said. */
  readonly from: number | string;
}

export interface TaskPage {
  readonly tasks: readonly TaskRecord[];
  /** null: there is no more */
  readonly next: string | null;
  /** A search that took too long looked at so many of the newest rows only; null: at all that could fit. */
  readonly searched: number | null;
}

export interface UnfinishedQuery {
  /** Without those that no worker has (PENDING, RETRY). */
  readonly isBegun: boolean;
  readonly limit: number;
  /** the last one of the page before; null: the first page */
  readonly after: UnfinishedTask | null;
}

export type UnfinishedTask = Pick<TaskRecord, "uuid" | "name" | "state" | "worker" | "timestamp">;

/** `exact: false`: there are at least so many. */
export interface TaskCount {
  readonly count: number;
  readonly exact: boolean;
}

export interface WorkerRecord {
  readonly hostname: string;
  /** It has said that it goes, or was silent for twice its `freq`: false. */
  readonly online: boolean;
  /** epoch seconds of the last event of the worker itself */
  readonly heardAt: number;
  /** epoch seconds, at most 4, oldest first */
  readonly heartbeats: readonly number[];
  /** seconds between heartbeats */
  readonly freq: number;
  readonly pid: number | null;
  readonly clock: number;
  readonly active: number;
  readonly processed: number;
  readonly loadavg: readonly number[];
  readonly swIdent: string | null;
  readonly swVer: string | null;
  readonly swSys: string | null;
  /** type of event → how many were heard of it, since the history began */
  readonly counts: Readonly<Record<string, number>>;
}

/** Upper bounds, in seconds, of the histograms of wait and run; the last bucket has none. */
export const histogramBounds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400,
] as const;

/** What happened to one kind of task in one slice of time. Histograms add up. */
export interface Slice {
  /** epoch seconds at which it begins */
  readonly at: number;
  readonly received: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retried: number;
  readonly revoked: number;
  /** received → started, one count a bucket, one more than there are bounds */
  readonly wait: readonly number[];
  /** runtime of what succeeded */
  readonly run: readonly number[];
}

export interface SeriesQuery {
  /** epoch seconds */
  readonly from: number;
  readonly to: number;
  /** seconds: 60 while minutes are kept (48 h), else 3600 */
  readonly step: number;
  readonly name?: string | undefined;
  readonly queue?: string | undefined;
}

/** One kind of task over a range of time, newest activity first. */
export interface TypeSummary extends Omit<Slice, "at"> {
  readonly name: string;
  /** epoch seconds */
  readonly lastAt: number;
}

/** What was found out of a task elsewhere. */
export type Amendment = Partial<
  Pick<TaskRecord, "state" | "result" | "exception" | "traceback" | "succeeded" | "failed" | "revoked" | "lostAt">
>;

/** How the history is doing: what a banner, a probe and the metrics tell. */
export interface HistoryFacts {
  readonly tasks: number;
  readonly events: number;
  readonly bytes: number;
  /** epoch seconds of the oldest row; null: there is none */
  readonly since: number | null;
  /** epoch seconds up to which all that was heard is written */
  readonly writtenAt: number | null;
  /** events heard and not yet written */
  readonly behind: number;
  /** events given up since the start, because too many came; never one that ends a task */
  readonly dropped: number;
  /** why nothing can be written now; null: it can */
  readonly trouble: string | null;
  /** where a file that could not be read was set aside at this start; null: none was */
  readonly setAside: string | null;
}

/** What has changed since the last one, at most four times a second. */
export interface Change {
  /** the newest state of each task that was heard of */
  readonly tasks: readonly TaskRecord[];
  readonly workers: readonly WorkerRecord[];
  /** of task events, in the order they were heard, those that say the same together: what metrics count */
  readonly counted: readonly CountedEvent[];
}

export interface CountedEvent {
  readonly type: string;
  readonly task: string;
  readonly worker: string;
  /** seconds, of an event that tells one */
  readonly runtime: number | null;
  /** seconds between received and started; null unless it is a start of a task without eta */
  readonly prefetch: number | null;
  /** The task has an eta: a worker that holds it back has not prefetched it. */
  readonly hasEta: boolean;
  /** how many events this stands for */
  readonly count: number;
}

export interface History {
  /** Never waits and never throws; what is heard while too much is unwritten is dropped and counted (`facts().dropped`), never what ends a task. */
  hear(message: HeardMessage): void;
  /** Called at most four times a second; gives back how to end it. `heard` must not throw. */
  follow(heard: (change: Change) => void): () => void;
  /** Resolves when all that was heard before is written. */
  settled(): Promise<void>;
  task(uuid: string): Promise<TaskRecord | null>;
  /** uuids of the tasks whose parent it is, oldest first, 1,000 at most */
  children(uuid: string): Promise<readonly string[]>;
  /** As `children`, of several tasks, in their order. */
  childrenOf(uuids: readonly string[]): Promise<readonly (readonly string[])[]>;
  tasks(query: TaskQuery): Promise<TaskPage>;
  /** Counts to `most` (10,000). */
  count(filter: TaskFilter, most?: number): Promise<TaskCount>;
  /** oldest first */
  events(uuid: string): Promise<readonly TaskEvent[]>;
  /** names that were ever seen, sorted */
  taskTypes(): Promise<readonly string[]>;
  workers(): Promise<readonly WorkerRecord[]>;
  /** Forgets workers that have been gone for so many seconds; gives their names. */
  forgetWorkers(goneSeconds: number): Promise<readonly string[]>;
  /** One for each step, empty ones too. */
  series(query: SeriesQuery): Promise<readonly Slice[]>;
  types(query: Omit<SeriesQuery, "step">): Promise<readonly TypeSummary[]>;
  /** Writes down what was found out elsewhere: an outcome that no event told, or that it was lost. */
  amend(uuid: string, known: Amendment): Promise<void>;
  /** What has not ended and was not lost: state by state, of each the oldest first. */
  unfinished(query: UnfinishedQuery): Promise<readonly UnfinishedTask[]>;
  note(entry: AuditEntry): Promise<void>;
  /** newest first */
  audit(limit: number, before?: number): Promise<readonly AuditEntry[]>;
  facts(): Promise<HistoryFacts>;
  /** Writes what was heard, and ends. Safe to call twice. */
  close(): Promise<void>;
}
