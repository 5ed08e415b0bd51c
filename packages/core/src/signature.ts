/** A described call: task, arguments and options, complete or with arguments missing at the front. Data with a few verbs; on the wire Celery's signature dictionary. */
import { type Call, type CallOptions, type CallSender, checkCallOptions, createCall } from "./call.ts";
import { parseInstant } from "./clock.ts";
import { isCompression } from "./compression.ts";
import { deliveryModes } from "./delivery-mode.ts";
import { type Duration, durationMs } from "./duration.ts";
import { isRecord, isSerializer } from "./option-check.ts";
import type { Priority } from "./priority.ts";
import { wireRetryPolicy } from "./publish-retry.ts";
import type { Sent } from "./result.ts";
import type { SerializerName } from "./serializer.ts";
import { type Errback, type SignatureJson, type Step, stepJson, stepsJson, type takes } from "./step.ts";
import { readStamps } from "./task-headers.ts";

export interface Signature<in out In extends readonly unknown[], out Out> extends Step<In, Out> {
  readonly task: string;
  /** adds call options; later ones win. Throws CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_DURATION. */
  set(options: CallOptions): this;
  clone(): this;
  /** sent with the result when this succeeds */
  link(callback: Step<[Out], unknown>): this;
  /** sent with (task id, failure) when this fails for good */
  onError(errback: Errback): this;
  delay(...args: In): Sent<Out>;
  applyAsync(args: In, options?: CallOptions): Sent<Out>;
  /** Celery's signature dictionary */
  toJSON(): Record<string, unknown>;
}

/** May follow anything; ignores the parent's result. */
export interface ImmutableSignature<out Out> extends Signature<[], Out> {
  // biome-ignore lint/suspicious/noExplicitAny: takes whatever its parent gives and ignores it
  readonly [takes]: (missing: any) => void;
}

interface Parts {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly immutable: boolean;
  readonly options: CallOptions;
  readonly callbacks: readonly SignatureJson[];
  readonly errbacks: readonly SignatureJson[];
}

export function createSignature<In extends readonly unknown[], Out>(
  sender: CallSender,
  parts: Pick<Parts, "task" | "args" | "kwargs" | "immutable">,
): Signature<In, Out> {
  return build(sender, { ...parts, options: {}, callbacks: [], errbacks: [] });
}

function build<In extends readonly unknown[], Out>(sender: CallSender, parts: Parts): Signature<In, Out> {
  let current = parts;
  const signature = {
    task: parts.task,
    set(options: CallOptions) {
      checkCallOptions(parts.task, options);
      const { linkError, ...rest } = options;
      current = { ...current, options: { ...current.options, ...rest }, errbacks: [...current.errbacks, ...(stepsJson(linkError) ?? [])] };
      return signature;
    },
    clone: () => build<In, Out>(sender, current),
    link(callback: Step<[Out], unknown>) {
      current = { ...current, callbacks: [...current.callbacks, stepJson(callback)] };
      return signature;
    },
    onError(errback: Errback) {
      current = { ...current, errbacks: [...current.errbacks, stepJson(errback)] };
      return signature;
    },
    delay: (...args: In) => sender.send<Out, unknown>(() => callOf(current, args, {})),
    applyAsync: (args: In, options: CallOptions = {}) => sender.send<Out, unknown>(() => callOf(current, args, options)),
    toJSON: () => signatureJson(current),
  };
  // The two phantom members exist in types only.
  return signature as unknown as Signature<In, Out>;
}

function callOf(parts: Parts, args: readonly unknown[], options: CallOptions): Call {
  const kwargs = { ...parts.kwargs, ...options.kwargs };
  const call = createCall(parts.task, parts.immutable ? parts.args : [...args, ...parts.args], { ...parts.options, ...options, kwargs });
  return { ...call, callbacks: joined(parts.callbacks, call.callbacks), errbacks: joined(parts.errbacks, call.errbacks) };
}

function joined(own: readonly SignatureJson[], more: readonly SignatureJson[] | null): readonly SignatureJson[] | null {
  const all = [...own, ...(more ?? [])];
  return all.length === 0 ? null : all;
}

function signatureJson(parts: Parts): Record<string, unknown> & SignatureJson {
  const links = parts.callbacks.length === 0 ? {} : { link: parts.callbacks };
  const errors = parts.errbacks.length === 0 ? {} : { link_error: parts.errbacks };
  return {
    task: parts.task,
    args: parts.args,
    kwargs: parts.kwargs,
    options: { ...wireOptions(parts.options), ...links, ...errors },
    subtask_type: null,
    immutable: parts.immutable,
  };
}

/** Call options under Celery's names. */
function wireOptions(options: CallOptions): Record<string, unknown> {
  const wire: Record<string, unknown> = {
    queue: options.queue,
    exchange: options.exchange,
    routing_key: options.routingKey,
    priority: options.priority,
    task_id: options.taskId,
    headers: options.headers,
    shadow: options.shadow,
    countdown: seconds(options.countdown),
    eta: options.eta?.toISOString(),
    expires: options.expires instanceof Date ? options.expires.toISOString() : seconds(options.expires),
    time_limit: seconds(options.timeLimit),
    soft_time_limit: seconds(options.softTimeLimit),
    ignore_result: options.ignoreResult,
    reply_to: options.replyTo,
    serializer: options.serializer,
    compression: options.compression,
    argsrepr: options.argsrepr,
    kwargsrepr: options.kwargsrepr,
    delivery_mode: options.deliveryMode,
    expiration: seconds(options.expiration),
    root_id: options.rootId,
    parent_id: options.parentId,
    group_id: options.groupId,
    group_index: options.groupIndex,
    retry: options.retry,
    retry_policy: options.retryPolicy === undefined ? undefined : wireRetryPolicy(options.retryPolicy),
    add_to_parent: options.addToParent,
    stamped_headers: options.stamps === undefined ? undefined : Object.keys(options.stamps),
  };
  const given = Object.entries(wire).filter(([, value]) => value !== undefined);
  // Each stamp is an option of its own there.
  return { ...options.stamps, ...Object.fromEntries(given) };
}

function seconds(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(duration) / 1_000;
}

/**
 * Call options out of a signature's dictionary, whoever wrote it, whose shape and dates were looked at (`decodeBody`); what this version does
 * not know is left out, and what is over counts as now.
 */
export function readSignature(json: SignatureJson): {
  readonly options: CallOptions;
  readonly callbacks: readonly SignatureJson[] | null;
  readonly errbacks: readonly SignatureJson[] | null;
} {
  const wire = json.options ?? {};
  const { eta, expires } = wire;
  const priority = pick(wire["priority"], "number");
  const options: CallOptions = {
    queue: pick(wire["queue"], "string"),
    exchange: pick(wire["exchange"], "string"),
    routingKey: pick(wire["routing_key"], "string"),
    priority: priority === undefined ? undefined : (Math.min(9, Math.max(0, Math.round(priority))) as Priority),
    taskId: pick(wire["task_id"], "string"),
    headers: isRecord(wire["headers"]) ? (wire["headers"] as Record<string, unknown>) : undefined,
    shadow: pick(wire["shadow"], "string"),
    countdown: notNegative(wire["countdown"]),
    eta: typeof eta === "string" ? dateOf(eta) : undefined,
    expires: typeof expires === "string" ? dateOf(expires) : notNegative(expires),
    timeLimit: notNegative(wire["time_limit"]),
    softTimeLimit: notNegative(wire["soft_time_limit"]),
    ignoreResult: pick(wire["ignore_result"], "boolean"),
    replyTo: pick(wire["reply_to"], "string"),
    serializer: isSerializer(wire["serializer"]) ? (wire["serializer"] as SerializerName) : undefined,
    compression: isCompression(wire["compression"]) ? wire["compression"] : undefined,
    argsrepr: pick(wire["argsrepr"], "string"),
    kwargsrepr: pick(wire["kwargsrepr"], "string"),
    deliveryMode: deliveryModes.find((mode) => mode === wire["delivery_mode"]),
    expiration: notNegative(wire["expiration"]),
    stamps: readStamps(wire["stamped_headers"], wire) ?? undefined,
  };
  return { options, callbacks: list(wire["link"]), errbacks: list(wire["link_error"]) };
}

function dateOf(text: string): Date {
  return new Date(parseInstant(text) ?? Number.NaN);
}

function notNegative(value: unknown): number | undefined {
  return typeof value === "number" ? Math.max(0, value) : undefined;
}

interface Picked {
  string: string;
  number: number;
  boolean: boolean;
}

function pick<K extends keyof Picked>(value: unknown, kind: K): Picked[K] | undefined {
  return typeof value === kind && value !== "" ? (value as Picked[K]) : undefined;
}

function list(value: unknown): readonly SignatureJson[] | null {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null ? [value as SignatureJson] : null;
}
