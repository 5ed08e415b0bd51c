/** A delivery with its headers decoded; the body stays bytes until an executor has it. */

import {
  type AppRuntime,
  type Delivery,
  inProtocol2,
  type Run,
  readTaskHeaders,
  type TaskDefinition,
  type TaskHeaders,
} from "@celeriac/core/runtime";
import { limitMs } from "./hard-limit.ts";
import type { ChangedLimits } from "./limit-changes.ts";

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
  /** which process runs it and since when, epoch ms; null: it has not begun. Set once, by the consumer. */
  began: { readonly pid: number; readonly at: number } | null;
}

/** `changes`: limits that are not what the task says. Throws MESSAGE_UNDECODABLE; for a message of protocol 1 CONTENT_REFUSED and MESSAGE_TOO_LARGE as well. */
export function readRequest(runtime: AppRuntime, delivery: Delivery, changes: ReadonlyMap<string, ChangedLimits>): Request {
  const envelope = inProtocol2(delivery.envelope, runtime.contentRules);
  const written = readTaskHeaders(envelope);
  const definition = runtime.registry.get(written.task);
  const headers = shownHeaders(written, definition);
  const options = definition?.options;
  const { settings } = runtime;
  const limits = changes.size === 0 ? undefined : changes.get(headers.task);
  const [soft, hard] = limits === undefined ? [options?.softTimeLimit, options?.timeLimit] : [limits.soft, limits.hard];
  return {
    delivery,
    headers,
    definition,
    // Either side may say so, as in Celery: a Python producer writes false where it knows nothing of the task.
    ignoreResult: headers.ignoreResult === true || (options?.ignoreResult ?? settings.taskIgnoreResult),
    acksLate: options?.acksLate ?? settings.taskAcksLate,
    maxDeliveries: options?.maxDeliveries ?? settings.maxDeliveries,
    maxBytes: settings.maxMessageBytes,
    began: null,
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
      softTimeLimitMs: secondsMs(headers.softTimeLimit) ?? limitMs(soft ?? settings.taskSoftTimeLimit),
      timeLimitMs: secondsMs(headers.timeLimit) ?? limitMs(hard ?? settings.taskTimeLimit),
    },
  };
}

/** Secrets among the arguments are hidden here, where everybody takes from what is shown of them. */
function shownHeaders(headers: TaskHeaders, definition: TaskDefinition | undefined): TaskHeaders {
  const show = definition?.options.showArguments;
  return show === undefined ? headers : { ...headers, argsRepr: show(headers.argsRepr), kwargsRepr: show(headers.kwargsRepr) };
}

/** Of a call's limit, which wins over the task's and the app's. */
function secondsMs(limit: number | null): number | null {
  return limit === null ? null : limit * 1_000;
}

/** The task of a request, for a log line. */
export function taskOf({ headers }: Request): { readonly taskId: string; readonly task: string } {
  return { taskId: headers.id, task: headers.task };
}
