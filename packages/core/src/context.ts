/** What a bound task gets as `self`, and the three ways in which it speaks to its worker by throwing. */
import type { Duration } from "./duration.ts";
import type { Logger } from "./logger.ts";
import type { AsyncResult } from "./result.ts";
import type { SignatureJson, Step } from "./step.ts";

/** What is known of a task before its body is read. */
export interface TaskFacts {
  readonly id: string;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  /** 0 in the first run */
  readonly retries: number;
  readonly redelivered: boolean;
  /** runs of this message that began before and did not settle; null where the broker cannot tell */
  readonly deliveryCount: number | null;
  readonly eta: Date | null;
  readonly expires: Date | null;
  readonly isEager: boolean;
  readonly origin: string;
  readonly hostname: string;
  readonly queue: string;
  /** null: unset */
  readonly priority: number | null;
  /** the custom headers of the call */
  readonly headers: Readonly<Record<string, unknown>>;
  /** the stamps of the call, each a list of values */
  readonly stamps: Readonly<Record<string, readonly unknown[]>>;
  /** the name under which it is shown, in place of its own; null: its own */
  readonly shadow: string | null;
  /** the queue in which its caller waits for answers (`rpc://`); null: none */
  readonly replyTo: string | null;
  /** ms, that are in force here: of the call, the task or the app; null = none */
  readonly softTimeLimitMs: number | null;
  readonly timeLimitMs: number | null;
}

export interface TaskRequest extends TaskFacts {
  /** as they were sent, not as a schema gave them to the function */
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

export interface RetryOptions {
  /** wait this long; wins over `eta`, as in Celery. Without both: the task's own delay */
  countdown?: Duration | undefined;
  eta?: Date | undefined;
  /** why: stored with the state RETRY, and raised when the retries are used up */
  cause?: unknown;
  maxRetries?: number | undefined;
  args?: readonly unknown[] | undefined;
}

export interface TaskContext<in P = unknown, out Deps = unknown> {
  readonly request: TaskRequest;
  /**
   * aborted with a reason of `{kind, message}`: "aborted" by abort(), "revoked" where it is terminated and its executor cannot be ended,
   * "softTimeLimit", "claimLost", "shutdown"
   */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly deps: Deps;
  /** Stores state PROGRESS with `progress`, as Celery's update_state does. */
  progress(progress: P): Promise<void>;
  updateState(state: string, meta?: unknown): Promise<void>;
  /** Write `throw self.retry(...)`: it throws by itself, the `throw` is for the reader and for control-flow analysis. */
  retry(options?: RetryOptions): never;
  /** Ends the run without a result: to the dead-letter queue, or back into its queue with `requeue`. */
  reject(options?: { requeue?: boolean | undefined; reason?: string | undefined }): never;
  /**
   * Another task, or a canvas of them, runs in its place: under its id, in its place of a chord or chain, with its callbacks and error callbacks. The
   * run has no result of its own; whoever waits gets the other's, of a group the list of all.
   */
  replace(signature: Step<[], unknown>): never;
  /**
   * Sends a task, or a canvas, that the chord waits for in whose header this task stands: the body gets its result beside this one's. A run that is
   * repeated, by a retry as well, adds the same tasks, told apart by the order of the calls. Throws TASK_CONTEXT where it is in no header, RESULT_CHORDS, PublishError.
   */
  addToChord<R>(signature: Step<[], R>): Promise<AsyncResult<R>>;
  /** Ends the run without a result. */
  ignore(): never;
  /**
   * Runs `body` once: a later run of the same task, after a retry or because its worker died, gets what it gave, kept as long as a result. It gets
   * that in the form in which it was stored, at once as well as later. One that throws has not been done. Throws RESULT_STEPS where no results
   * are kept, TASK_CONTEXT for a name that this run has used.
   */
  step<T>(name: string, body: () => T | Promise<T>): Promise<T>;
  /**
   * For loops that compute for long and never wait: throws the reason of `signal` when the run is to end, which could not be heard otherwise, and
   * sends what was logged and told meanwhile. Cheap enough for every turn of a loop. In the pool inline nobody can say anything meanwhile.
   */
  heartbeat(): void;
}

/** Thrown by self.retry(). */
export class RetrySignal extends Error {
  override readonly name = "Retry";
  readonly options: RetryOptions;
  constructor(options: RetryOptions) {
    super("Task can be retried", { cause: options.cause });
    this.options = options;
  }
}

/** Thrown by self.reject(). */
export class RejectSignal extends Error {
  override readonly name = "Reject";
  readonly requeue: boolean;
  readonly reason: string;
  constructor(requeue: boolean, reason: string) {
    super(reason);
    this.requeue = requeue;
    this.reason = reason;
  }
}

/** Thrown by self.replace(). */
export class ReplaceSignal extends Error {
  override readonly name = "Replace";
  readonly signature: SignatureJson;
  constructor(signature: SignatureJson) {
    super(`replaced with ${signature.task}`);
    this.signature = signature;
  }
}

/** Thrown by self.ignore(). */
export class IgnoreSignal extends Error {
  override readonly name = "Ignore";
}
