/** One call of a task and its options: what every way of sending (delay, applyAsync, a signature, sendTask) comes down to. */
import { type CompressionName, isCompression } from "./compression.ts";
import { type DeliveryMode, deliveryModes } from "./delivery-mode.ts";
import type { Duration } from "./duration.ts";
import { ConfigError } from "./errors.ts";
import { checkOptions, isCount, isDate, isDuration, isFlag, isRecord, isSerializer, isText, type OptionCheck } from "./option-check.ts";
import { isPriority, type Priority } from "./priority.ts";
import { type RetryPolicy, readRetryPolicy } from "./publish-retry.ts";
import type { AsyncResult, Sent } from "./result.ts";
import type { ResultTuple } from "./result-meta.ts";
import type { SerializerName } from "./serializer.ts";
import { shownValue } from "./setting.ts";
import { type Errback, type SignatureJson, type Step, stepsJson } from "./step.ts";

export interface CallOptions {
  /** keyword-only parameters of a Python task */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** run this much later; wins over `eta`, as in Celery */
  countdown?: Duration | undefined;
  /** run not before */
  eta?: Date | undefined;
  /** revoked if it has not begun by then; RabbitMQ drops it then, without a result, if no worker has taken it: unless `expiration` is longer */
  expires?: Duration | Date | undefined;
  queue?: string | undefined;
  /** in place of the queue's own; a direct exchange counts only together with `routingKey`, as in Celery */
  exchange?: string | undefined;
  /** what the exchange finds queues by; without `exchange` it counts for a queue that is bound to a topic or fanout exchange */
  routingKey?: string | undefined;
  /** 0 to 9, higher is sooner */
  priority?: Priority | undefined;
  /** chosen by the caller: repeating the call with the same id within 10 minutes sends nothing twice (Redis, SQLite) */
  taskId?: string | undefined;
  /** custom headers, merged flat into Celery's */
  headers?: Readonly<Record<string, unknown>> | undefined;
  /** name shown in logs and events instead of the task's */
  shadow?: string | undefined;
  /** shown for the arguments in logs and results, e.g. with secrets left out; by default what Python would show */
  argsrepr?: string | undefined;
  kwargsrepr?: string | undefined;
  /** values to tell tasks apart by, as Celery's stamps: kept by retries */
  stamps?: Readonly<Record<string, unknown>> | undefined;
  timeLimit?: Duration | undefined;
  softTimeLimit?: Duration | undefined;
  /** false: reject at the first failed attempt to publish; `taskPublishRetry` by default */
  retry?: boolean | undefined;
  /** what it leaves out is `taskPublishRetryPolicy`'s */
  retryPolicy?: RetryPolicy | undefined;
  publishTimeout?: Duration | undefined;
  /** RabbitMQ: 1 or "transient" is not written to disk and does not survive the broker; `taskDefaultDeliveryMode` by default */
  deliveryMode?: DeliveryMode | undefined;
  /** RabbitMQ: the message is dropped, and no result ever written, when no worker has taken it by then; with `expires` a worker says that it was revoked */
  expiration?: Duration | undefined;
  /** the tree of tasks it belongs to; by default that of the task that sends it */
  rootId?: string | undefined;
  parentId?: string | undefined;
  groupId?: string | undefined;
  groupIndex?: number | undefined;
  /** false: not among the children of the task that sends it */
  addToParent?: boolean | undefined;
  /** sent with (task id, failure) when the task fails for good */
  linkError?: Errback | readonly Errback[] | undefined;
  ignoreResult?: boolean | undefined;
  replyTo?: string | undefined;
  /** how the arguments are written */
  serializer?: SerializerName | undefined;
  /** of the arguments; zstd on Node.js 22.15 and later */
  compression?: CompressionName | undefined;
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

/** A signature all of whose tasks have their ids, and what it will be found under. */
export interface Frozen {
  readonly signature: SignatureJson;
  /** the last step, with those before it as its parents; a group with its members */
  readonly result: ResultTuple;
}

/** A composite to be sent: with its arguments, and all that its dictionary can say. */
export interface CompositeCall {
  readonly signature: SignatureJson;
  /** what no dictionary says: how each of its messages is published, and where they stand */
  readonly options: LocalOptions;
}

/** What only counts where it is said: how a call is published, and where it stands in the tree of tasks. */
export type LocalOptions = Pick<CallOptions, "retry" | "retryPolicy" | "publishTimeout" | "abort" | "rootId" | "parentId" | "addToParent">;

/** What a task or a signature needs of the app to be sent. */
export interface CallSender {
  /** A call that `make` throws for rejects, like one that cannot be published. */
  send<R, P>(make: () => Call): Sent<R, P>;
  /** As `send`: resolves when the broker has all that is to be sent at once. */
  sendComposite<R>(make: () => CompositeCall): Sent<R>;
  /** Of the result of what has its ids. Opens nothing, asks nothing. */
  handle<R>(frozen: Frozen): AsyncResult<R>;
  /** `taskAllowErrorCbOnChordHeader` */
  readonly errbacksOnHeaders?: boolean | undefined;
}

const checks: Readonly<Record<keyof ApplyOptions<unknown>, OptionCheck>> = {
  kwargs: isRecord,
  countdown: isDuration,
  eta: isDate,
  expires: (value, name) => isDate(value) || isDuration(value, name),
  queue: isText,
  exchange: isText,
  routingKey: (value) => typeof value === "string",
  priority: isPriority,
  taskId: isText,
  headers: isRecord,
  shadow: isText,
  argsrepr: isText,
  kwargsrepr: isText,
  stamps: isRecord,
  timeLimit: isDuration,
  softTimeLimit: isDuration,
  retry: isFlag,
  retryPolicy: (value) => readRetryPolicy(value) !== undefined,
  publishTimeout: isDuration,
  deliveryMode: (value) => deliveryModes.includes(value as DeliveryMode),
  expiration: isDuration,
  rootId: isText,
  parentId: isText,
  groupId: isText,
  groupIndex: isCount,
  addToParent: isFlag,
  link: isSteps,
  linkError: isSteps,
  ignoreResult: isFlag,
  replyTo: isText,
  serializer: isSerializer,
  compression: isCompression,
  abort: (value) => isRecord(value) && typeof (value as AbortSignal).aborted === "boolean",
};

export const callOptionNames: readonly string[] = Object.keys(checks);

/** Throws CONFIG_INVALID for what is no task's name, no list of arguments; and what `checkCallOptions` throws. */
export function createCall(task: string, args: readonly unknown[], given: ApplyOptions<never>): Call {
  if (!isText(task)) throw new ConfigError("CONFIG_INVALID", `A task's name is a text, got ${shownValue(task)}`);
  if (!Array.isArray(args)) throw new ConfigError("CONFIG_INVALID", `The arguments of ${task} come in a list, got ${shownValue(args)}`);
  checkCallOptions(task, given);
  const { link, linkError, kwargs, ...options } = given;
  return { task, args, kwargs: kwargs ?? {}, options, callbacks: stepsJson(link), errbacks: stepsJson(linkError) };
}

const nothing = Object.freeze({});

/** A call without options. */
export function plainCall(task: string, args: readonly unknown[]): Call {
  return { task, args, kwargs: nothing, options: nothing, callbacks: null, errbacks: null };
}

/** Throws CONFIG_UNKNOWN for an option nobody knows, CONFIG_INVALID or CONFIG_DURATION for a value that does not fit. */
export function checkCallOptions(task: string, options: ApplyOptions<never>): void {
  const refusal = (what: string) => new ConfigError("CONFIG_INVALID", `Call of ${task}: ${what}`);
  if (!isRecord(options)) throw refusal(`its options are an object, got ${shownValue(options)}`);
  checkOptions(`a call of ${task}`, checks, options, (name, value) => refusal(`option ${name} cannot be ${shownValue(value)}`));
}

function isSteps(value: unknown): boolean {
  const steps: readonly unknown[] = Array.isArray(value) ? value : [value];
  return steps.every((step) => isRecord(step) && typeof (step as { readonly toJSON?: unknown }).toJSON === "function");
}
