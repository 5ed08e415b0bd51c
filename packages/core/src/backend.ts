/**
 * The contract of a result backend: keeps the latest state of each task as Celery's result JSON.
 * Drivers live in `backends/`; every one passes `test/conformance/backend.ts`. It stores plain records, never handles.
 */
import type { ChordStore } from "./chord.ts";
import type { ServerFacts } from "./server-facts.ts";

/** One state of one task, ready to be stored: `text` is Celery's result JSON (`result-meta.ts` writes and reads it). */
export interface ResultRecord {
  readonly taskId: string;
  /** SUCCESS, FAILURE, REVOKED are final; RETRY, STARTED and custom states are not. */
  readonly state: string;
  /** the request's `retries`, so that a late write of an older attempt changes nothing */
  readonly attempt: number;
  readonly text: string;
  /** The same as `result_serializer` writes it, where that is not JSON: Redis and rpc:// keep it instead of the text, others have no use for it. */
  readonly content?: ResultContent | undefined;
  /** how long it is kept, ms; null = for ever */
  readonly expiresMs: number | null;
  /** where `rpc` sends it: the caller's reply queue; other backends ignore it */
  readonly replyTo: string | null;
}

/** A result outside of JSON. */
export interface ResultContent {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** A group of tasks that is to be found again: `text` is Celery's JSON of its result tuple, `{"result": [[id, parent], members]}`. */
export interface GroupRecord {
  readonly groupId: string;
  readonly text: string;
  /** as a result's */
  readonly content?: ResultContent | undefined;
  /** how long it is kept, ms; null = for ever */
  readonly expiresMs: number | null;
}

/** `superseded`: a final state of this or a later attempt was there already, and was kept. */
export type StoreOutcome = "stored" | "superseded";

/** A running subscription; closing twice is harmless. */
export interface ResultSubscription {
  close(): void;
}

export interface ResultBackend {
  /** The reply queue callers put into their messages; null where results are looked up by id. */
  readonly replyTo: string | null;
  /** Absent where chords cannot be counted (`rpc://`). */
  readonly chords?: ChordStore | undefined;
  /** One attempt, shared. Throws BACKEND_UNREACHABLE, BACKEND_AUTH or BACKEND_REFUSED. */
  connect(): Promise<void>;
  /**
   * Called by callers before they publish: what is sent to `replyTo` reaches them afterwards. Absent where that is null. Throws
   * BACKEND_UNREACHABLE, BACKEND_AUTH, or BACKEND_REFUSED for who may have no reply queue.
   */
  openReplies?(): Promise<void>;
  /**
   * Keeps the newest: a final state is never replaced by an older attempt, nor by a non-final state of the same one;
   * a stored SUCCESS is never replaced at all (Celery's rule). Throws BACKEND_UNREACHABLE or BACKEND_REFUSED.
   */
  store(record: ResultRecord): Promise<StoreOutcome>;
  /** The latest text, or null when never heard of (or expired, or forgotten). */
  get(taskId: string): Promise<string | null>;
  /** As `get`, in the order of the ids, asked for together. */
  getMany(taskIds: readonly string[]): Promise<readonly (string | null)[]>;
  /**
   * Calls `listener` with the latest text now if there is one, and after each change; changes may be merged, the final state never is.
   * Works by notice and by poll, so a missed notice costs seconds, not the result. Survives reconnects.
   */
  subscribe(taskId: string, listener: (text: string) => void): Promise<ResultSubscription>;
  forget(taskId: string): Promise<void>;
  /** Replaces what was saved of that group before. Throws RESULT_GROUPS where nothing is looked up by id, BACKEND_UNREACHABLE, BACKEND_REFUSED. */
  saveGroup(record: GroupRecord): Promise<void>;
  /** The text that was saved, or null when there is none (or it has expired). Throws as `saveGroup`. */
  restoreGroup(groupId: string): Promise<string | null>;
  /** Forgets what was saved of it, if anything was; its members' results stay. */
  forgetGroup(groupId: string): Promise<void>;
  /** Removes what goes by nothing but age. Absent where everything goes by itself. */
  cleanUp?(olderThanMs: number): Promise<void>;
  health(): Promise<void>;
  /** What the server tells of itself. Rejects as `health`. */
  facts(): Promise<ServerFacts>;
  close(): Promise<void>;
}
