/** Core's settings: one table, from which come types, validation, environment names and `docs/reference/settings.md`. Resolved once, frozen, passed down. */
import type { CelerySettingName } from "./celery-settings.ts";
import { type CompressionName, compressionNames, isCompression } from "./compression.ts";
import { serializerOf } from "./content.ts";
import { type Duration, durationMs } from "./duration.ts";
import type { Priority } from "./priority.ts";
import { type CeleryRetryPolicy, type RetryPolicy, readRetryPolicy } from "./publish-retry.ts";
import { type ExchangeType, exchangeTypes } from "./queue-table.ts";
import { resultSerializerNames } from "./result-form.ts";
import { serializerNames } from "./serializer.ts";
import {
  choiceSetting,
  countSetting,
  durationSetting,
  flagSetting,
  namesSetting,
  type Setting,
  type SettingsOf,
  textSetting,
  textsSetting,
} from "./setting.ts";
import { taskQueuesSetting } from "./task-queues.ts";
import { taskRoutesSetting } from "./task-routes.ts";
import { type TlsInput, tlsSetting } from "./tls.ts";
import { type TransportInput, transportSetting } from "./transport-options.ts";

/** A project that asks for more, pickle say, must know that it will not get it. */
const contentSetting = (doc: string): Setting<readonly string[]> => ({
  ...namesSetting(["json"], doc),
  kind: `list of ${serializerNames.map((name) => JSON.stringify(name)).join(", ")} or their content types`,
  read(value) {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return value.every((item) => typeof item === "string" && serializerOf(item) !== undefined) ? Object.freeze([...value]) : undefined;
  },
});

const resultContentSetting = (doc: string): Setting<readonly string[] | null> => {
  const { kind, read } = contentSetting(doc);
  return { kind, default: null, doc, read: (value) => (value === null ? null : read(value)) };
};

const compressionSetting = (doc: string): Setting<CompressionName | null> => ({
  kind: `one of ${compressionNames.join(", ")} (zstd on Node.js 22.15 and later)`,
  default: null,
  doc,
  read: (value) => (value === null || isCompression(value) ? value : undefined),
});

const prioritySetting = (doc: string): Setting<Priority | null> => ({
  ...(countSetting(null, [0, 9], doc) as Setting<Priority | null>),
});

export const deliveryModes = [1, 2, "transient", "persistent"] as const;
export type DeliveryMode = (typeof deliveryModes)[number];
const deliveryModeSetting = (doc: string): Setting<DeliveryMode> => ({
  kind: "one of 1, 2, transient, persistent",
  default: "persistent",
  doc,
  read: (value) => deliveryModes.find((mode) => mode === value),
});

/** As messages carry it: 1 = may be lost when the broker restarts, 2 = persistent. */
export function deliveryModeNumber(mode: DeliveryMode): 1 | 2 {
  return mode === 1 || mode === "transient" ? 1 : 2;
}

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

export const settingTable = {
  brokerUrl: textsSetting(
    "sqlite://./celeriac.db",
    "Where tasks wait: amqp://, amqps://, redis://, rediss://, sentinel://, redis+cluster://, sqlite:// or, for one process alone, memory://. RabbitMQ: several, as a list or with `;` between them, are nodes of one cluster, of which one is connected to; redis+cluster:// and sentinel://: several, in the same way.",
    { env: "CELERY_BROKER_URL", secret: true },
  ),
  brokerFailoverStrategy: choiceSetting(
    ["round-robin", "shuffle"],
    "round-robin",
    "RabbitMQ: in which order several URLs are tried, as listed or in any.",
  ),
  brokerHeartbeat: durationSetting<Duration | null>(
    "10s",
    "RabbitMQ: a server that is silent for two of them is taken for gone; whole seconds, null and 0 = never.",
    { nullable: true },
  ),
  brokerConnectionTimeout: durationSetting(
    "4s",
    "RabbitMQ: how long a server may be silent while a connection is opened; several URLs share it.",
  ),
  brokerLoginMethod: choiceSetting(
    ["PLAIN", "AMQPLAIN", "EXTERNAL"],
    "PLAIN",
    "RabbitMQ: how to log in. EXTERNAL: as the user that our certificate stands for.",
  ),
  brokerConnectionMaxRetries: countSetting<number | null>(
    null,
    [0, 1_000_000],
    "How often a starting worker tries again to reach its broker before it fails; null and 0 = for ever.",
  ),
  brokerConnectionRetry: flagSetting(true, "A worker that loses its broker waits for it; false: it stops as if told to, and has failed."),
  brokerConnectionRetryOnStartup: flagSetting(
    null,
    "A starting worker waits for a broker that cannot be reached yet; false: it fails; null is what brokerConnectionRetry says.",
  ),
  brokerUseSsl: tlsSetting(
    "How connections to the broker are encrypted: true, or files and names as in Celery. Certificates are verified unless certReqs is none. amqps:// and rediss:// encrypt by themselves.",
  ),
  brokerTransportOptions: transportSetting(
    "For sentinel://: what the sentinels call the primary (masterName), and how to get into the sentinels themselves (sentinelKwargs); for the coordinator, too. For RabbitMQ: what it shows of each connection (clientProperties). Celery's others do nothing.",
  ),
  resultBackend: textSetting(
    null,
    "Where results are kept: redis://, rediss://, sentinel://, redis+cluster://, rpc://, sqlite://, db+postgresql://, db+sqlite://, memory:// or disabled. Unset: with the broker on SQLite, Redis and memory://, rpc:// on RabbitMQ.",
    { env: "CELERY_RESULT_BACKEND", secret: true },
  ),
  redisBackendUseSsl: tlsSetting("As brokerUseSsl, for results on a Redis that resultBackend names; unnamed, it is reached as the broker."),
  resultBackendTransportOptions: transportSetting("As brokerTransportOptions, for results that resultBackend places elsewhere."),
  resultExpires: durationSetting<Duration | null>("1d", "How long a result is kept; null and 0 keep it for ever.", { nullable: true }),
  celeryTables: flagSetting(
    false,
    "db+postgresql://: write state and errors of each task into Celery's own celery_taskmeta as well, for programs that look there; values stay NULL, and it is never read.",
  ),
  resultPersistent: flagSetting(false, "rpc://: results that wait for their caller survive a restart of RabbitMQ."),
  resultExtended: flagSetting(false, "Write name, arguments, worker and queue into each result, as Celery does."),
  resultSerializer: choiceSetting(resultSerializerNames, "json", "How results are written where Python reads them, on Redis and rpc://."),
  resultAcceptContent: resultContentSetting("What results are read as on Redis and rpc://; null is what acceptContent says."),
  coordinator: textSetting(
    null,
    "Where leases and reservations are kept; unset: with the broker, else with the results. redis://, rediss://, sentinel://, redis+cluster://, sqlite://, db+postgresql:// or memory://.",
    {
      env: "CELERIAC_COORDINATOR",
      secret: true,
    },
  ),
  taskDefaultQueue: textSetting("celery", "Queue of tasks that nothing else routes."),
  taskDefaultPriority: prioritySetting(
    "Priority of tasks that name none: 0 to 9, higher is sooner; null leaves it unset, which is first on Redis and last elsewhere, as in Celery.",
  ),
  taskDefaultDeliveryMode: deliveryModeSetting(
    "RabbitMQ: 2 or persistent survives a restart of the broker, 1 or transient does not. Calls may say otherwise.",
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
  taskPublishRetry: flagSetting(true, "Repeat a publication that the broker surely does not have; calls may say otherwise."),
  taskPublishRetryPolicy: retryPolicySetting(
    "How: by default at once, then after 0.2 s more each time up to 1 s, as long as publishTimeout lasts. Celery's names (max_retries, interval_start, …) are taken.",
  ),
  taskTimeLimit: durationSetting(null, "Hard limit of a run: its executor is ended; null and 0 are none."),
  taskSoftTimeLimit: durationSetting(null, "Soft limit of a run: its signal aborts; null and 0 are none."),
  workerConcurrency: countSetting<number | null>(
    null,
    [0, 10_000],
    "What a worker's option `concurrency` is where it is not given: null and 0 are the number of cores, at most the container's CPU quota; 100 for async and inline.",
  ),
  workerPool: choiceSetting(
    ["prefork", "threads", "async", "solo", "inline", "gevent", "eventlet", "processes"],
    "prefork",
    "What a worker's option `pool` is where it is not given. Celery's gevent and eventlet mean async, its processes prefork.",
  ),
  workerMaxTasksPerChild: countSetting<number | null>(
    null,
    [0, 1_000_000_000],
    "What a worker's option `maxTasksPerChild` is where it is not given; null and 0 are no limit.",
  ),
  workerMaxMemoryPerChild: countSetting<number | null>(
    null,
    [0, 1_000_000_000],
    "What a worker's option `maxMemoryPerChild` is where it is not given, in KB; null and 0 are no limit.",
  ),
  workerDirect: flagSetting(
    false,
    "A worker also consumes a queue of its own, named <node name>.dq2: what is sent to it only that worker runs. The direct exchange C.dq2 leads there by the node's name.",
  ),
  workerSendTaskEvents: flagSetting(
    false,
    "Workers tell monitors of themselves and their tasks, as events in Celery's wire; a worker's option taskEvents (-E) wins.",
  ),
  taskSendSentEvent: flagSetting(false, "Whoever sends a task tells monitors so, with the event task-sent."),
  eventExchange: textSetting("celeryev", "Exchange of events."),
  eventQueuePrefix: textSetting("celeryev", "RabbitMQ: how the queues of those who receive events begin; a dot and a UUID follow."),
  eventQueueTtl: durationSetting<Duration | null>("5s", "RabbitMQ: how long an event waits for a slow receiver; null = for ever.", {
    nullable: true,
  }),
  eventQueueExpires: durationSetting<Duration | null>("60s", "RabbitMQ: after how long unused such a queue is deleted; null = never.", {
    nullable: true,
  }),
  eventSerializer: choiceSetting(serializerNames, "json", "How events are written."),
  publishTimeout: durationSetting("10s", "How long delay() tries before it rejects."),
  maxDeliveries: countSetting(5, [1, 1_000], "Runs of one message that may begin without settling before it is dead-lettered."),
  maxMessageBytes: countSetting(
    16_777_216,
    [1_024, 536_870_912],
    "Largest body, in bytes and decompressed, that is sent or run; what a worker gets beyond it goes to the dead letters.",
  ),
  durability: choiceSetting(["full", "process"], "full", "SQLite: full survives power loss, process survives kill -9."),
  publishDurability: choiceSetting(
    ["primary", "replica"],
    "primary",
    "Redis: a task counts as sent when the primary has it, or when a replica has it as well (WAIT).",
  ),
  allowEviction: flagSetting(false, "Redis: start although the server may evict keys."),
} as const;

/** An interface, so that the types of users' own modules can name it. */
export interface Settings extends SettingsOf<typeof settingTable> {}

/** How long results are kept, ms; null = for ever, which 0 is as well, as in Celery. */
export function resultExpiresMs({ resultExpires }: Pick<Settings, "resultExpires">): number | null {
  return resultExpires === null ? null : durationMs(resultExpires, "resultExpires") || null;
}

type Snake<S extends string> = S extends `${infer H}${infer T}`
  ? T extends Uncapitalize<T>
    ? `${Lowercase<H>}${Snake<T>}`
    : `${Lowercase<H>}_${Snake<T>}`
  : S;
type Camel<S extends string> = S extends `${infer H}_${infer T}` ? `${H}${Capitalize<Camel<T>>}` : S;
type UnusedName = Exclude<CelerySettingName, Snake<keyof Settings>>;
/** The files that hold them: see `secret-file.ts`. */
type SecretFile = `${"brokerUrl" | "resultBackend" | "coordinator"}File`;
/** Names of older projects and Django's: what they mean is looked up when the app is made. */
type CapitalName = Uppercase<CelerySettingName> | `CELERY_${string}` | `CELERYD_${string}` | `CELERYBEAT_${string}`;
/** Settings that may be written in more ways than they are kept. */
interface Written {
  readonly brokerUrl: string | readonly string[];
  readonly brokerUseSsl: boolean | TlsInput;
  readonly redisBackendUseSsl: boolean | TlsInput;
  readonly brokerTransportOptions: TransportInput;
  readonly resultBackendTransportOptions: TransportInput;
}
type Value<K extends keyof Settings> = (K extends keyof Written ? Written[K] : Settings[K]) | undefined;
/** Any of the settings, in camelCase or in Celery's snake_case; and Celery's others, which do nothing. */
export type Config = { [K in keyof Settings]?: Value<K> } & {
  [K in keyof Settings as Snake<K>]?: Value<K>;
} & {
  [K in SecretFile | Snake<SecretFile>]?: string | undefined;
} & {
  [K in UnusedName | Camel<UnusedName> | CapitalName]?: unknown;
};
