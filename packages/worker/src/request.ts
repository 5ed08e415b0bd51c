/** A delivery with its headers decoded; the body stays bytes until an executor has it. */
import {
  type AppRuntime,
  type Delivery,
  type Duration,
  durationMs,
  inProtocol2,
  readTaskHeaders,
  type TaskDefinition,
  type TaskHeaders,
} from "@celeriac/core/runtime";
import type { Run } from "./run.ts";

export interface Request {
  readonly delivery: Delivery;
  readonly headers: TaskHeaders;
  /** undefined: no task of that name in this process */
  readonly definition: TaskDefinition | undefined;
  readonly ignoreResult: boolean;
  readonly acksLate: boolean;
  readonly maxDeliveries: number;
  /** of its body */
  readonly maxBytes: number;
  readonly run: Run;
}

/** Throws MESSAGE_UNDECODABLE; for a message of protocol 1 CONTENT_REFUSED and MESSAGE_TOO_LARGE as well. */
export function readRequest(runtime: AppRuntime, delivery: Delivery): Request {
  const envelope = inProtocol2(delivery.envelope, runtime.contentRules);
  const headers = readTaskHeaders(envelope);
  const definition = runtime.registry.get(headers.task);
  const options = definition?.options;
  const { settings } = runtime;
  return {
    delivery,
    headers,
    definition,
    // Either side may say so, as in Celery: a Python producer writes false where it knows nothing of the task.
    ignoreResult: headers.ignoreResult === true || (options?.ignoreResult ?? settings.taskIgnoreResult),
    acksLate: options?.acksLate ?? settings.taskAcksLate,
    maxDeliveries: options?.maxDeliveries ?? settings.maxDeliveries,
    maxBytes: settings.maxMessageBytes,
    run: {
      id: headers.id,
      task: headers.task,
      headers: envelope.headers,
      body: envelope.body,
      contentType: envelope.properties.contentType,
      replyTo: envelope.properties.replyTo,
      priority: envelope.properties.priority,
      queue: delivery.queue,
      redelivered: delivery.redelivered,
      deliveries: delivery.deliveries,
      softTimeLimitMs: limitMs(headers.softTimeLimit, options?.softTimeLimit ?? settings.taskSoftTimeLimit),
      timeLimitMs: limitMs(headers.timeLimit, options?.timeLimit ?? settings.taskTimeLimit),
    },
  };
}

/** The call's limit (seconds) wins over the task's and the app's; 0 is none, as in Celery. */
function limitMs(ofCall: number | null, ofTask: Duration | null): number | null {
  if (ofCall !== null) return ofCall * 1_000;
  return ofTask === null ? null : durationMs(ofTask, "time limit") || null;
}
