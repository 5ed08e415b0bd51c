/** One call of a task and its options: what every way of sending (delay, applyAsync, a signature, sendTask) comes down to. */
import type { Priority } from "./config.ts";
import type { Duration } from "./duration.ts";
import type { Sent } from "./result.ts";
import type { Errback, SignatureJson, Step } from "./step.ts";

export interface CallOptions {
  /** keyword-only parameters of a Python task */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** run this much later */
  countdown?: Duration | undefined;
  /** run not before; wins over `countdown` */
  eta?: Date | undefined;
  /** revoked if it has not begun by then */
  expires?: Duration | Date | undefined;
  queue?: string | undefined;
  /** 0 to 9, higher is sooner */
  priority?: Priority | undefined;
  /** chosen by the caller: repeating the call with the same id within 10 minutes sends nothing twice (Redis, SQLite) */
  taskId?: string | undefined;
  /** custom headers, merged flat into Celery's */
  headers?: Readonly<Record<string, unknown>> | undefined;
  /** name shown in logs and events instead of the task's */
  shadow?: string | undefined;
  timeLimit?: Duration | undefined;
  softTimeLimit?: Duration | undefined;
  /** false: reject at the first failed attempt to publish; true by default */
  retry?: boolean | undefined;
  publishTimeout?: Duration | undefined;
  /** sent with (task id, failure) when the task fails for good */
  linkError?: Errback | readonly Errback[] | undefined;
  ignoreResult?: boolean | undefined;
  replyTo?: string | undefined;
  /** gives up the publish, not the task */
  abort?: AbortSignal | undefined;
}

/** applyAsync knows the result, so `link` can be checked. */
export type ApplyOptions<R> = CallOptions & { link?: Step<[R], unknown> | readonly Step<[R], unknown>[] | undefined };

export interface Call {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
  readonly callbacks: readonly SignatureJson[] | null;
  readonly errbacks: readonly SignatureJson[] | null;
}

/** What a task or a signature needs of the app to be sent. */
export interface CallSender {
  send<R, P>(call: Call): Sent<R, P>;
}
