/** Turns a call into a message and its route: ids, times, defaults of the task and of the app, and where it stands in the tree of tasks. */
import type { Call, CallOptions } from "./call.ts";
import type { Settings } from "./config.ts";
import { deliveryModeNumber } from "./delivery-mode.ts";
import { durationMs } from "./duration.ts";
import type { Route } from "./envelope.ts";
import { instantMs } from "./instant.ts";
import { type Embed, emptyEmbed, type Message } from "./message.ts";
import type { TaskDefinition } from "./registry.ts";
import type { Router } from "./router.ts";
import { stampValues } from "./task-headers.ts";

/** Who sends: the tree's root and the running task, or nothing for a call from outside. */
export interface Parentage {
  readonly rootId: string;
  readonly parentId: string;
  readonly priority: number | null;
}

export interface ComposeContext {
  readonly settings: Pick<
    Settings,
    | "taskCompression"
    | "taskDefaultDeliveryMode"
    | "taskDefaultPriority"
    | "taskIgnoreResult"
    | "taskInheritParentPriority"
    | "taskSerializer"
  >;
  readonly router: Router;
  readonly origin: string;
  readonly replyTo: string | null;
  readonly nowMs: number;
}

export interface Composed {
  readonly message: Message;
  readonly route: Route;
}

/** `rest` is what only a plan knows: the remaining chain, the body of the chord it counts for. */
export function compose(
  context: ComposeContext,
  call: Call,
  definition: TaskDefinition | undefined,
  id: string,
  parent: Parentage | null,
  rest: { readonly chain?: Embed["chain"]; readonly chord?: Embed["chord"] } = {},
): Composed {
  const { options } = call;
  const defaults = definition?.options;
  const { chain = null, chord = null } = rest;
  const hasEmbed = call.callbacks !== null || call.errbacks !== null || chain !== null || chord !== null;
  const { route, sent } = context.router(call, definition);
  const inherited = context.settings.taskInheritParentPriority ? parent?.priority : null;
  return {
    route,
    message: {
      task: call.task,
      id,
      args: call.args,
      kwargs: call.kwargs,
      embed: hasEmbed ? { callbacks: call.callbacks, errbacks: call.errbacks, chain, chord } : emptyEmbed,
      shadow: options.shadow ?? null,
      etaAt: etaOf(options, context.nowMs),
      expiresAt: expiryOf(options.expires ?? defaults?.expires, context.nowMs),
      group: options.groupId ?? null,
      groupIndex: options.groupIndex ?? null,
      retries: 0,
      nesting: 0,
      timeLimit: seconds(options.timeLimit, "timeLimit"),
      softTimeLimit: seconds(options.softTimeLimit, "softTimeLimit"),
      rootId: options.rootId ?? parent?.rootId ?? id,
      parentId: options.parentId ?? parent?.parentId ?? null,
      origin: context.origin,
      ignoreResult: options.ignoreResult ?? defaults?.ignoreResult ?? context.settings.taskIgnoreResult,
      replyTo: options.replyTo ?? context.replyTo,
      priority: options.priority ?? defaults?.priority ?? sent.priority ?? inherited ?? context.settings.taskDefaultPriority,
      compression: options.compression ?? defaults?.compression ?? context.settings.taskCompression,
      serializer: options.serializer ?? defaults?.serializer ?? sent.serializer ?? context.settings.taskSerializer,
      argsRepr: options.argsrepr ?? null,
      kwargsRepr: options.kwargsrepr ?? null,
      deliveryMode: deliveryModeNumber(options.deliveryMode ?? context.settings.taskDefaultDeliveryMode),
      expirationMs: options.expiration === undefined ? null : durationMs(options.expiration, "expiration"),
      stamps: options.stamps === undefined ? null : stampsOf(options.stamps),
      headers: options.headers ?? {},
    },
  };
}

function stampsOf(stamps: Readonly<Record<string, unknown>>): Message["stamps"] {
  const entries = Object.entries(stamps);
  return entries.length === 0 ? null : Object.fromEntries(entries.map(([name, value]) => [name, stampValues(value)]));
}

function etaOf({ countdown, eta }: CallOptions, nowMs: number): number | null {
  const delayMs = countdown === undefined ? 0 : durationMs(countdown, "countdown");
  // As Celery: no delay is no eta, and nothing waits in a delay store.
  if (delayMs > 0) return instantMs(nowMs + delayMs, "countdown");
  return eta === undefined ? null : instantMs(eta, "eta");
}

function expiryOf(expires: CallOptions["expires"], nowMs: number): number | null {
  if (expires === undefined) return null;
  return instantMs(typeof expires === "object" ? expires : nowMs + durationMs(expires, "expires"), "expires");
}

function seconds(duration: CallOptions["timeLimit"], name: string): number | null {
  return duration === undefined ? null : durationMs(duration, name) / 1_000;
}
