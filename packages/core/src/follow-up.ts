/** What follows a run: its next attempt, callbacks, error callbacks and the next step of its chain, as publications whose ids are derived from the run. */
import type { AppRuntime } from "./app-runtime.ts";
import type { Publication } from "./broker.ts";
import type { Call } from "./call.ts";
import { linksOf } from "./canvas/composite.ts";
import { readOptions } from "./canvas/wire-options.ts";
import { type Composed, compose } from "./compose.ts";
import { compressionOf } from "./compression.ts";
import { serializerOf } from "./content.ts";
import { deliveryModeNumber } from "./delivery-mode.ts";
import { deriveId, type FollowUpKind } from "./derived-id.ts";
import type { RemoteError } from "./errors.ts";
import { type Body, encodeMessage, envelopeOf } from "./message.ts";
import type { ResultTuple } from "./result-meta.ts";
import { queueRoute } from "./router.ts";
import type { FailureInfo, SignatureJson } from "./step.ts";
import { customHeaders, type TaskHeaders } from "./task-headers.ts";

/** The run that others follow. */
export interface Followed {
  readonly headers: TaskHeaders;
  /** as received, for the custom ones */
  readonly rawHeaders: Readonly<Record<string, unknown>>;
  readonly body: Body;
  /** as received */
  readonly rawBody: Uint8Array;
  readonly contentType: string;
  readonly queue: string;
  readonly priority: number | null;
  readonly replyTo: string | null;
}

export interface FollowUps {
  readonly publish: readonly Publication[];
  readonly children: readonly ResultTuple[];
}

const none: FollowUps = Object.freeze({ publish: [], children: [] });

/** Callbacks and the next chain step, each given the result. */
export function afterSuccess(runtime: AppRuntime, run: Followed, value: unknown): FollowUps {
  const { callbacks, chain } = run.body.embed;
  const next = chain?.at(-1);
  if (callbacks === null && next === undefined) return none;
  const sends = (callbacks ?? []).map((signature, index) => follow(runtime, run, signature, [value], "callback", index));
  if (next !== undefined) sends.push(follow(runtime, run, next, [value], "chain", 0, { chain: chain!.slice(0, -1) }));
  return collect(runtime, sends);
}

/** Error callbacks, each given the failed task's id; ours also get what went wrong. */
export function afterFailure(runtime: AppRuntime, run: Followed, error: RemoteError): FollowUps {
  const { errbacks } = run.body.embed;
  if (errbacks === null) return none;
  const failure: FailureInfo = { type: error.type, message: String(error.args[0] ?? ""), traceback: error.traceback };
  const sends = errbacks.map((signature, index) => {
    const definition = runtime.registry.get(signature.task);
    const isOurs = definition !== undefined && definition.code.kind !== "declared";
    return follow(runtime, run, signature, isOurs ? [run.headers.id, failure] : [run.headers.id], "errback", index);
  });
  return collect(runtime, sends);
}

/** The next attempt: same id, retries + 1, into the queue it came from; what others follow it travels along. */
export function nextAttempt(runtime: AppRuntime, run: Followed, etaAt: number, args: readonly unknown[] | undefined): Publication {
  const { headers } = run;
  const nowMs = runtime.clock.now();
  const context = runtime.composeContext(run.replyTo);
  const compression = textOrNull(run.rawHeaders["compression"]);
  const message = {
    task: headers.task,
    id: headers.id,
    args: args ?? run.body.args,
    kwargs: run.body.kwargs,
    embed: run.body.embed,
    shadow: headers.shadow,
    etaAt,
    expiresAt: headers.expiresAt,
    group: headers.group,
    groupIndex: headers.groupIndex,
    retries: headers.retries + 1,
    timeLimit: headers.timeLimit,
    softTimeLimit: headers.softTimeLimit,
    rootId: headers.rootId,
    parentId: headers.parentId ?? headers.id,
    origin: context.origin,
    ignoreResult: headers.ignoreResult ?? runtime.settings.taskIgnoreResult,
    replyTo: run.replyTo,
    priority: run.priority,
    serializer: serializerOf(run.contentType)?.name ?? runtime.settings.taskSerializer,
    compression: compressionOf(compression),
    // What the caller would not have shown stays hidden; other arguments than the caller's are shown as they are.
    argsRepr: args === undefined ? headers.argsRepr || null : null,
    kwargsRepr: headers.kwargsRepr || null,
    deliveryMode: deliveryModeNumber(runtime.settings.taskDefaultDeliveryMode),
    expirationMs: null,
    stamps: headers.stamps,
    headers: customHeaders(run.rawHeaders),
  };
  // Unchanged, the body goes on to the byte: what this process could not write as well.
  const envelope =
    args === undefined
      ? envelopeOf(message, nowMs, { body: run.rawBody, compression })
      : encodeMessage(message, nowMs, runtime.settings.maxMessageBytes);
  return { envelope, route: queueRoute(run.queue), dueAt: etaAt };
}

function follow(
  runtime: AppRuntime,
  run: Followed,
  signature: SignatureJson,
  given: readonly unknown[],
  kind: FollowUpKind,
  index: number,
  rest: { readonly chain?: readonly SignatureJson[] } = {},
): Composed {
  const options = readOptions(signature);
  const callbacks = linksOf(signature.options, "link");
  const errbacks = linksOf(signature.options, "link_error");
  const call: Call = {
    task: signature.task,
    args: signature.immutable === true ? (signature.args ?? []) : [...given, ...(signature.args ?? [])],
    kwargs: signature.kwargs ?? {},
    options,
    callbacks: callbacks.length === 0 ? null : callbacks,
    errbacks: errbacks.length === 0 ? null : errbacks,
  };
  const { headers } = run;
  const id = options.taskId ?? deriveId(headers.id, headers.retries, kind, index);
  const composed = compose(
    runtime.composeContext(null),
    call,
    runtime.registry.get(signature.task),
    id,
    { rootId: headers.rootId, parentId: headers.id, priority: run.priority },
    rest,
  );
  runtime.notePriority(composed.message.priority);
  return composed;
}

function collect(runtime: AppRuntime, sends: readonly Composed[]): FollowUps {
  const nowMs = runtime.clock.now();
  return {
    publish: sends.map(({ message, route }) => ({
      envelope: encodeMessage(message, nowMs, runtime.settings.maxMessageBytes),
      route,
      // What an exchange leads on is parked by the worker that finds it early: delays lead to queues.
      ...(message.etaAt === null || route.exchange !== "" ? {} : { dueAt: message.etaAt }),
    })),
    children: sends.map(({ message }) => [[message.id, null], null]),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
