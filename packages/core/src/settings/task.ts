/** Settings of tasks, of their queues and messages: rows of the table in config.ts. */
import { type CompressionName, compressionNames, isCompression } from "../compression.ts";
import { type DeliveryMode, deliveryModes } from "../delivery-mode.ts";
import type { Priority } from "../priority.ts";
import { type CeleryRetryPolicy, type RetryPolicy, readRetryPolicy } from "../publish-retry.ts";
import { type ExchangeType, exchangeTypes } from "../queue-table.ts";
import { type RateLimit, readRateLimit } from "../rate-limit.ts";
import { serializerNames } from "../serializer.ts";
import { choiceSetting, countSetting, durationSetting, flagSetting, type Setting, textSetting } from "../setting.ts";
import { taskQueuesSetting } from "../task-queues.ts";
import { taskRoutesSetting } from "../task-routes.ts";
import { contentSetting } from "./content.ts";

const compressionSetting = (doc: string): Setting<CompressionName | null> => ({
  kind: `one of ${compressionNames.join(", ")} (zstd on Node.js 22.15 and later)`,
  default: null,
  doc,
  read: (value) => (value === null || isCompression(value) ? value : undefined),
});

const prioritySetting = (doc: string): Setting<Priority | null> => ({
  ...(countSetting(null, [0, 9], doc) as Setting<Priority | null>),
});

const deliveryModeSetting = (doc: string): Setting<DeliveryMode> => ({
  kind: "one of 1, 2, transient, persistent",
  default: "persistent",
  doc,
  read: (value) => deliveryModes.find((mode) => mode === value),
});

const missingExchangeSetting = (doc: string): Setting<ExchangeType> => ({
  ...choiceSetting(exchangeTypes, "direct", doc),
  // Celery's word for direct.
  read: (value) => exchangeTypes.find((type) => type === (value ?? "direct")),
});

const retryPolicySetting = (doc: string): Setting<RetryPolicy | CeleryRetryPolicy> => ({
  kind: "{maxRetries, intervalStart, intervalStep, intervalMax}",
  default: Object.freeze({}),
  doc,
  read: readRetryPolicy,
});

const rateLimitSetting = (doc: string): Setting<RateLimit | null> => ({
  kind: 'rate such as "10/s", "100/m" or "1/h"',
  default: null,
  doc,
  read: (value) => (readRateLimit(value) === undefined ? undefined : (value as RateLimit | null)),
});

export const taskSettings = {
  taskDefaultQueue: textSetting("celery", "Queue of tasks that nothing else routes."),
  taskDefaultPriority: prioritySetting(
    "Priority of tasks that name none: 0 to 9, higher is sooner; null leaves it unset, which is first on Redis and last elsewhere, as in Celery.",
  ),
  taskInheritParentPriority: flagSetting(
    false,
    "A task that another one sends, or that follows it, has the other's priority where nothing else gives it one.",
  ),
  taskDefaultDeliveryMode: deliveryModeSetting(
    "RabbitMQ: 2 or persistent survives a restart of the broker, 1 or transient does not. Calls may say otherwise.",
  ),
  taskAllowErrorCbOnChordHeader: flagSetting(
    false,
    "What onError() and linkError say of a chord is said of each task of its header too: called for each that fails, and once more for the body.",
  ),
  taskQueueMaxPriority: countSetting<number | null>(
    null,
    [1, 255],
    "RabbitMQ: x-max-priority of queues that are declared; without it RabbitMQ ignores priorities. A queue that exists keeps its own.",
  ),
  taskDefaultQueueType: choiceSetting(
    ["classic", "quorum"],
    "classic",
    "RabbitMQ: type of the default queue where taskQueues is unset; quorum queues survive the loss of a node. A queue that exists keeps its own.",
  ),
  taskCreateMissingQueueType: choiceSetting(
    ["classic", "quorum"],
    "classic",
    "RabbitMQ: type of queues that nobody declared, dead letters among them.",
  ),
  taskCreateMissingQueueExchangeType: missingExchangeSetting(
    "Type of the exchange that stands beside a queue that nobody declared, for those who send through it; we send straight to the queue. An exchange that exists keeps its type.",
  ),
  taskQueues: taskQueuesSetting(
    "Queues with their exchanges, routing keys and arguments; what a worker consumes unless told. Unset: the default queue alone.",
  ),
  taskDefaultExchange: textSetting(null, "Exchange of queues that name none; unset: named as the default queue."),
  taskDefaultExchangeType: choiceSetting(exchangeTypes, "direct", "Its type; headers on RabbitMQ only."),
  taskDefaultRoutingKey: textSetting(null, "Routing key of the default queue, where taskQueues is unset; unset: the queue's name."),
  taskCreateMissingQueues: flagSetting(
    true,
    "A queue that taskQueues does not name is made, as Celery does; false: to name one is an error.",
  ),
  taskRoutes: taskRoutesSetting(
    "Queue, exchange, routing key, priority and serializer by a task's name, or by a function; what call and task say wins.",
  ),
  taskSerializer: choiceSetting(serializerNames, "json", "How arguments are written, where neither call nor task says."),
  taskCompression: compressionSetting("How bodies are compressed, where neither call nor task says; null leaves them as they are."),
  acceptContent: contentSetting(
    "What a worker reads, by name or content type; anything else goes to the dead letters. Pickle is never read.",
  ),
  taskAcksLate: flagSetting(
    true,
    "Acknowledge after the outcome is stored (at least once); false acknowledges before the task runs (at most once).",
  ),
  taskAcksOnFailure: flagSetting(
    null,
    "false: a task that failed is not acknowledged but put among the dead letters, where it can be redriven; null is taskAcksOnFailureOrTimeout.",
  ),
  taskAcksOnTimeout: flagSetting(null, "The same for one that was ended by its hard time limit."),
  taskAcksOnFailureOrTimeout: flagSetting(true, "What the two above are where they are null."),
  taskRejectOnWorkerLost: flagSetting(
    true,
    "A task whose executor died runs again, until maxDeliveries; false: it has failed. A task whose whole worker died always runs again.",
  ),
  taskTrackStarted: flagSetting(false, "Store STARTED when a task begins."),
  taskIgnoreResult: flagSetting(false, "Store no result unless the task says ignoreResult: false."),
  taskStoreErrorsEvenIfIgnored: flagSetting(false, "Where results are ignored, store failures, retries and revocations all the same."),
  taskAlwaysEager: flagSetting(
    false,
    "Run every task where it is called, and at once, instead of sending it: without broker, limits and waits between retries. For tests and scripts.",
  ),
  taskEagerPropagates: flagSetting(false, "delay() then rejects with what the task threw."),
  taskStoreEagerResult: flagSetting(false, "Store the results of such tasks; without it only the handle that delay() gives knows them."),
  taskPublishRetry: flagSetting(true, "Repeat a publication that the broker surely does not have; calls may say otherwise."),
  taskPublishRetryPolicy: retryPolicySetting(
    "How: by default at once, then after 0.2 s more each time up to 1 s, as long as publishTimeout lasts. Celery's names (max_retries, interval_start, …) are taken.",
  ),
  taskTimeLimit: durationSetting(null, "Hard limit of a run: its executor is ended; null and 0 are none."),
  taskSoftTimeLimit: durationSetting(null, "Soft limit of a run: its signal aborts; null and 0 are none."),
  taskDefaultRateLimit: rateLimitSetting(
    "How often a worker lets each task begin that names no rateLimit of its own: 10/s, 100/m, 1/h, a number is per second; null and 0 are no limit.",
  ),
} as const;
