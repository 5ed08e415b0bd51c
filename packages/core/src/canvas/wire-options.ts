/** Call options under Celery's names, as a signature's dictionary has them, and back. */
import type { CallOptions, LocalOptions } from "../call.ts";
import { parseInstant, toIsoInstant } from "../clock.ts";
import { isCompression } from "../compression.ts";
import { deliveryModes } from "../delivery-mode.ts";
import { type Duration, durationMs } from "../duration.ts";
import { instantMs } from "../instant.ts";
import { isCount, isRecord, isSerializer } from "../option-check.ts";
import type { Priority } from "../priority.ts";
import { wireRetryPolicy } from "../publish-retry.ts";
import type { SerializerName } from "../serializer.ts";
import type { SignatureJson } from "../step.ts";
import { readStamps } from "../task-headers.ts";

/** Call options under Celery's names. Throws CONFIG_INVALID, CONFIG_DURATION. */
export function wireOptions(options: CallOptions): Record<string, unknown> {
  const wire: Record<string, unknown> = {
    queue: options.queue,
    exchange: options.exchange,
    routing_key: options.routingKey,
    priority: options.priority,
    task_id: options.taskId,
    headers: options.headers,
    shadow: options.shadow,
    countdown: seconds(options.countdown),
    eta: options.eta === undefined ? undefined : toIsoInstant(instantMs(options.eta, "eta")),
    expires: typeof options.expires === "object" ? toIsoInstant(instantMs(options.expires, "expires")) : seconds(options.expires),
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

/** What no dictionary says. */
export function localOptions({ retry, retryPolicy, publishTimeout, abort, rootId, parentId, addToParent }: CallOptions): LocalOptions {
  return { retry, retryPolicy, publishTimeout, abort, rootId, parentId, addToParent };
}

/**
 * Call options out of a signature's dictionary, whoever wrote it, whose shape and dates were looked at (`decodeBody`); what this version does
 * not know is left out, and what is over counts as now. The place in the tree of tasks is its sender's to say.
 */
export function readOptions(json: Pick<SignatureJson, "options">): CallOptions {
  const wire = json.options ?? {};
  const { eta, expires } = wire;
  const priority = pick(wire["priority"], "number");
  return {
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
    groupId: pick(wire["group_id"], "string"),
    groupIndex: isCount(wire["group_index"]) ? (wire["group_index"] as number) : undefined,
    stamps: readStamps(wire["stamped_headers"], wire) ?? undefined,
  };
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
