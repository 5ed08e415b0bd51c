/** Sends one composed message: through signals and middleware, encoded, to the broker, confirmed. */
import type { AppRuntime, Links } from "./app-runtime.ts";
import type { Call, CallOptions } from "./call.ts";
import type { Composed } from "./compose.ts";
import type { Departure } from "./departure.ts";
import { durationMs } from "./duration.ts";
import { sentEvent } from "./events/sent-event.ts";
import { encodeMessage } from "./message.ts";
import { type OutgoingMessage, publishThrough } from "./middleware.ts";
import { type PublishRetry, publishRetry, readRetryPolicy } from "./publish-retry.ts";

/** A message, and the call it was composed of. */
export interface CallMessage extends Composed {
  readonly call: Call;
  /** its id was chosen by its caller: a repetition is sent once, where brokers can tell */
  readonly guarded: boolean;
}

export type TransmitRules = Pick<CallOptions, "retry" | "retryPolicy" | "publishTimeout" | "abort">;

/** Resolves when the broker has it. Throws PublishError, and what middleware throws. */
export type Transmit = (links: Links, message: CallMessage, rules?: TransmitRules) => Promise<void>;

const largeBytes = 256 * 1024;
/** Apps that were told so: there may be several senders of one. */
const warned = new WeakSet<AppRuntime>();

export function createTransmit(runtime: AppRuntime, departure: Departure | null = null): Transmit {
  const publishTimeoutMs = durationMs(runtime.settings.publishTimeout, "publishTimeout");
  const { taskPublishRetry } = runtime.settings;
  const ownRetry = publishRetry(readRetryPolicy(runtime.settings.taskPublishRetryPolicy) ?? {});

  function warnOfLarge(task: string, bytes: number): void {
    if (bytes <= largeBytes || warned.has(runtime)) return;
    warned.add(runtime);
    process.emitWarning(
      `A message of task ${task} has ${bytes} bytes. Brokers are made for small ones: above 256 KB send a reference to the data. This is said once`,
      { type: "CeleriacWarning", code: "CELERIAC_LARGE_MESSAGE" },
    );
  }

  function retryOf({ retry, retryPolicy }: TransmitRules): PublishRetry | null {
    if (!(retry ?? taskPublishRetry)) return null;
    return retryPolicy === undefined ? ownRetry : publishRetry(readRetryPolicy(retryPolicy) ?? {}, ownRetry);
  }

  function isAnswered(task: string, ignoreResult: boolean): boolean {
    return !ignoreResult || (runtime.registry.get(task)?.options.storeErrorsEvenIfIgnored ?? runtime.settings.taskStoreErrorsEvenIfIgnored);
  }

  return async ({ broker, backend, producer, sentEvents }, { call, message, route, guarded }, rules = call.options) => {
    const { task, args, kwargs, options } = call;
    runtime.notePriority(message.priority);
    const outgoing: OutgoingMessage = { id: message.id, task, args, kwargs, headers: { ...message.headers }, options };
    // The reply queue of rpc:// must exist before a worker can answer, if it is to answer.
    const before = isAnswered(task, message.ignoreResult) ? backend?.openReplies : undefined;
    const publish = () => {
      const nowMs = departure?.at ?? runtime.clock.now();
      const envelope = encodeMessage({ ...message, headers: outgoing.headers }, nowMs, runtime.settings.maxMessageBytes);
      warnOfLarge(task, envelope.body.byteLength);
      const dueAt = broker.parksOnPublish && message.etaAt !== null ? message.etaAt : undefined;
      const { abort, publishTimeout } = rules;
      const timeoutMs = publishTimeout === undefined ? publishTimeoutMs : durationMs(publishTimeout, "publishTimeout");
      const depart = departure === null ? undefined : () => departure.open();
      const sent = producer.publish({ envelope, route, dueAt, guarded }, { timeoutMs, retry: retryOf(rules), abort, before, depart });
      return sentEvents === null ? sent : sent.then(() => sentEvents.send("task-sent", sentEvent(envelope, route)));
    };
    runtime.signals.send("beforeTaskPublish", () => outgoing);
    if (runtime.middleware.length === 0) await publish();
    else await publishThrough(runtime.middleware, outgoing, publish);
    runtime.signals.send("afterTaskPublish", () => outgoing);
  };
}
