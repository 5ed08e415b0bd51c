/** The message of a run's next attempt, which its settlement publishes. */
import type { AppRuntime } from "./app-runtime.ts";
import type { Publication } from "./broker.ts";
import { compressionOf } from "./compression.ts";
import { serializerOf } from "./content.ts";
import { deliveryModeNumber } from "./delivery-mode.ts";
import type { Followed } from "./follow-up.ts";
import { encodeMessage, envelopeOf } from "./message.ts";
import { queueRoute } from "./router.ts";
import { customHeaders } from "./task-headers.ts";

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
    nesting: headers.nesting,
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

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
