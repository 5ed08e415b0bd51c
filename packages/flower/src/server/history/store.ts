/**
 * The contract between what is the same for every history – hearing, merging, counting, telling – and where it is kept. Drivers: `sqlite/`, `postgres/`. What is
 * merged and counted is decided by `digest.ts`; a store gives it what is known, and writes what comes of it.
 */
import type { Clock, ErrorCode } from "@celeriac/core/runtime";
import type { Digest } from "./digest.ts";
import type { HeardEvent } from "./heard-event.ts";
import type { Amendment, AuditEntry, History, HistoryFacts } from "./history.ts";
import type { TaskRecord } from "./task-record.ts";
import type { KnownWorker } from "./worker-merge.ts";

/** Of more, the oldest tasks go. */
export interface Retention {
  readonly tasks: number;
  readonly days: number;
  readonly bytes: number;
}

export interface StoreOptions {
  /** See `HistoryOptions`. */
  readonly db: string | null;
  /** `workers`: that are remembered */
  readonly limits: Retention & { readonly workers: number };
  /** how long one search may look */
  readonly searchBudgetMs: number;
}

/** What a store says by itself. */
export type StoreNews =
  /** It was found damaged; `setAside`: where it was put, and another begun; null: that is to be done. */
  | { readonly kind: "damaged"; readonly setAside: string | null }
  /** Why it cannot be asked or written; null: it can again. */
  | { readonly kind: "trouble"; readonly reason: string | null };

/** A store that never waits answers at once: what hears in the same thread then has no turn in between. */
type Answer<T> = T | Promise<T>;

/** Each is one transaction: all of it or, where it throws, nothing. "busy": somebody else writes; to be tried again in a moment. */
export interface StoreWriter {
  /** So many events at most are one transaction. */
  readonly turnEvents: number;
  /** `now`: epoch seconds */
  write(events: readonly HeardEvent[], now: number): Answer<Digest | "busy">;
  /** The task as it is then, its end counted; null: it is not known, or an event has told its end meanwhile. `now`: epoch seconds */
  amend(uuid: string, known: Amendment, now: number): Answer<TaskRecord | null | "busy">;
  note(entry: AuditEntry): Answer<null | "busy">;
  forgetWorkers(goneSeconds: number, now: number): Answer<readonly string[] | "busy">;
  /** A slice of what is too much; false: nothing is. */
  prune(now: number): Answer<boolean | "busy">;
}

/** What the store itself tells of how it is doing. */
export type StoreFacts = Pick<HistoryFacts, "tasks" | "events" | "bytes" | "since" | "writtenAt">;

export const askedOfStore = [
  "task",
  "children",
  "childrenOf",
  "tasks",
  "count",
  "events",
  "taskTypes",
  "workers",
  "series",
  "types",
  "unfinished",
  "audit",
] as const satisfies readonly (keyof History)[];

/** `children` gives no more. */
export const mostChildren = 1_000;

/** Each may throw what reading throws. */
export type StoreReader = Pick<History, (typeof askedOfStore)[number]> & { facts(): Promise<StoreFacts> };

/** A store as the thread that writes has it. */
export interface WritingStore {
  readonly writer: StoreWriter;
  /** null: it is read in a thread of its own */
  readonly reader: StoreReader | null;
  /** Why what is heard is not kept as it should be, though it may be written; null: it is. */
  readonly trouble: string | null;
  /** where what could not be read was set aside at the start or since; null: nothing was */
  readonly setAside: string | null;
  /** What writing has thrown; gives why nothing can be written now. Whatever may help is begun. */
  failed(error: unknown): string;
  /** Tells from now on what others have written, whoever they are; null: no more. */
  follow(told: ((tasks: readonly TaskRecord[], workers: readonly KnownWorker[]) => void) | null): void;
  /** Who reads has found it damaged. Never rejects. */
  inspect(): Promise<void>;
  close(): Promise<void>;
}

/** A store as the thread that reads has it. */
export interface ReadingStore {
  readonly reader: StoreReader;
  /** It was replaced by another. Never rejects. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** `tell`: what it says by itself. Opening throws CONFIG_* for what can never be. */
export interface HistoryDriver {
  openWriting(options: StoreOptions, clock: Clock, tell: (news: StoreNews) => void): Promise<WritingStore>;
  openReading(options: StoreOptions, clock: Clock, tell: (news: StoreNews) => void): Promise<ReadingStore>;
  /** What a failed question, or a failed start, means. */
  failureOf(error: unknown, options: StoreOptions): { readonly failed: ErrorCode; readonly message: string };
}
