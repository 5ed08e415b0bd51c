/** Picks the driver for a URL and loads it, lazily: the only file that knows all of them. */
import type { ResultBackend } from "./backend.ts";
import type { Broker } from "./broker.ts";
import { resultExpiresMs, type Settings } from "./config.ts";
import type { Coordinator } from "./coordinator.ts";
import type { DriverContext } from "./driver.ts";
import { durationMs } from "./duration.ts";
import { ConfigError } from "./errors.ts";
import type { QueueTable } from "./queue-table.ts";
import { redactUrl } from "./redact.ts";
import type { RedisAccess } from "./redis/url.ts";
import type { ScheduleStore } from "./schedule-store.ts";
import type { TransportOptions } from "./transport-options.ts";

type Scheme = "memory" | "sqlite" | "db+sqlite" | "db+postgresql" | "redis" | "amqp" | "rpc" | "disabled";

/** Other schemes for the same driver, which reads the rest of the URL. */
const aliases: ReadonlyMap<string, Scheme> = new Map([
  ...["amqps", "pyamqp", "librabbitmq"].map((scheme) => [scheme, "amqp"] as const),
  ...["rediss", "sentinel", "redis+cluster", "rediss+cluster", "redis+socket", "socket", "unix"].map(
    (scheme) => [scheme, "redis"] as const,
  ),
]);

/** The scheme of a URL, or null. */
function schemeOf(url: string): string | null {
  if (url === "disabled") return "disabled";
  const scheme = /^([a-z][a-z0-9+._-]*):/i.exec(url)?.[1]?.toLowerCase() ?? null;
  if (scheme === null) return null;
  // As SQLAlchemy has it, with or without the name of a Python driver.
  if (/^(?:db\+)?postgres(?:ql)?(?:\+\w+)?$/.test(scheme)) return "db+postgresql";
  return aliases.get(scheme) ?? scheme;
}

function knownScheme<S extends Scheme>(url: string, what: string, schemes: readonly S[]): S {
  const scheme = schemeOf(url);
  // Nodes of a RabbitMQ hold the same tasks; another Redis, or another file, would hold others.
  if (scheme !== "amqp" && /;\s*(?!sentinel:|rediss?\+cluster:)[a-z][a-z0-9+.-]*:\/\//i.test(url))
    throw new ConfigError(
      "CONFIG_URL",
      `${what} ${JSON.stringify(redactUrl(url))}: only RabbitMQ and Redis Cluster take several, for the nodes of one cluster`,
    );
  if (scheme !== null && (schemes as readonly string[]).includes(scheme)) return scheme as S;
  // Before a colon alone may stand the half of a password that was put in place of a URL.
  const has = scheme === null || !url.includes("://") ? "no scheme" : `the scheme ${scheme}://`;
  const list = schemes.map((known) => (known === "disabled" ? known : `${known}://`)).join(", ");
  throw new ConfigError("CONFIG_URL", `${what} ${JSON.stringify(redactUrl(url))} has ${has}: expected ${list}`);
}

/** The backend that goes with a broker when none is named: the same file, the same server, or replies by message. */
export function resultUrlOf(settings: Pick<Settings, "brokerUrl" | "resultBackend">): string {
  if (settings.resultBackend !== null) return settings.resultBackend;
  return schemeOf(settings.brokerUrl) === "amqp" ? "rpc://" : settings.brokerUrl;
}

/** Whether results are kept where others than their caller can see them, and chords can be counted. */
export function countsChords(settings: Pick<Settings, "brokerUrl" | "resultBackend">): boolean {
  const scheme = schemeOf(resultUrlOf(settings));
  return scheme !== "rpc" && scheme !== "disabled";
}

function brokerAccess({ brokerUseSsl, brokerTransportOptions }: Settings): RedisAccess {
  return redisAccess(brokerUseSsl, brokerTransportOptions);
}

/** Results that lie with the broker are reached as the broker is. */
function resultAccess(settings: Settings): RedisAccess {
  const { resultBackend, redisBackendUseSsl, resultBackendTransportOptions } = settings;
  if (resultBackend === null) return brokerAccess(settings);
  const { keyPrefix = "", ...access } = redisAccess(redisBackendUseSsl, resultBackendTransportOptions);
  // As Celery joins it to the keys of results.
  return { ...access, keyPrefix: /[^:_.-]$/.test(keyPrefix) ? `${keyPrefix}_` : keyPrefix };
}

function redisAccess(ssl: RedisAccess["ssl"], { masterName, sentinelKwargs, globalKeyprefix }: TransportOptions): RedisAccess {
  return { ssl, masterName, sentinel: sentinelKwargs, keyPrefix: globalKeyprefix };
}

/** Is what this URL names out of reach for every other process? */
export function isMemoryUrl(url: string): boolean {
  return schemeOf(url) === "memory";
}

function amqpConnection(settings: Settings) {
  const connection = {
    ssl: settings.brokerUseSsl,
    heartbeatMs: durationMs(settings.brokerHeartbeat ?? 0),
    timeoutMs: durationMs(settings.brokerConnectionTimeout),
    loginMethod: settings.brokerLoginMethod,
    clientProperties: settings.brokerTransportOptions.clientProperties ?? {},
  };
  return { connection, failover: settings.brokerFailoverStrategy };
}

/** Throws CONFIG_URL, CONFIG_DRIVER_MISSING, MEMORY_OUT_OF_REACH. Connects nothing yet. */
export async function openBroker(settings: Settings, queues: QueueTable, context: DriverContext): Promise<Broker> {
  const url = settings.brokerUrl;
  const options = { resultUrl: resultUrlOf(settings), queues };
  switch (knownScheme(url, "Broker URL", ["amqp", "redis", "sqlite", "memory"])) {
    case "memory":
      return (await import("./brokers/memory.ts")).createMemoryBroker(url, context, options);
    case "sqlite":
      return (await import("./brokers/sqlite.ts")).createSqliteBroker(url, context, options);
    case "redis":
      return (await import("./brokers/redis/broker.ts")).createRedisBroker(url, context, {
        ...options,
        publishDurability: settings.publishDurability,
        access: brokerAccess(settings),
        resultAccess: resultAccess(settings),
      });
    case "amqp":
      return (await import("./brokers/amqp/broker.ts")).createAmqpBroker(url, context, {
        ...options,
        ...amqpConnection(settings),
        longTasks: settings.longTasks,
      });
  }
}

/** null where results are disabled. Throws CONFIG_URL, CONFIG_INVALID, CONFIG_DRIVER_MISSING. Connects nothing yet. */
export async function openBackend(settings: Settings, context: DriverContext): Promise<ResultBackend | null> {
  const url = resultUrlOf(settings);
  if (settings.celeryTables && schemeOf(url) !== "db+postgresql")
    throw new ConfigError("CONFIG_INVALID", `celeryTables writes into db+postgresql:// only, and the result backend is ${redactUrl(url)}`);
  switch (knownScheme(url, "Result backend", ["redis", "rpc", "sqlite", "db+sqlite", "db+postgresql", "memory", "disabled"])) {
    case "memory":
      return (await import("./backends/memory.ts")).createMemoryBackend(url, context);
    case "db+postgresql":
      return (await import("./backends/postgres.ts")).createPostgresBackend(url, context, { celeryTables: settings.celeryTables });
    case "sqlite":
    case "db+sqlite":
      return (await import("./backends/sqlite.ts")).createSqliteBackend(url, context);
    case "redis":
      return (await import("./backends/redis.ts")).createRedisBackend(url, context, resultAccess(settings));
    case "rpc":
      knownScheme(settings.brokerUrl, "rpc:// sends results through the broker, whose URL", ["amqp"]);
      return (await import("./backends/rpc.ts")).createRpcBackend(settings.brokerUrl, context, {
        expiresMs: resultExpiresMs(settings),
        persistent: settings.resultPersistent,
        ...amqpConnection(settings),
      });
    case "disabled":
      return null;
  }
}

/** What coordinates keeps schedules, too. */
const coordinating = ["redis", "sqlite", "db+sqlite", "db+postgresql", "memory"] as const;

/** Where a coordinator, or a schedule store, is, and how it is reached. */
export interface CoordinatorPlace {
  readonly url: string;
  readonly access: RedisAccess;
}

/**
 * Where leases, reservations, buckets and slots are kept: what `coordinator` names, else the broker's server where that can coordinate,
 * else the backend's. `need` is the setting or option that asks. Opens nothing, so it can be asked where an option is declared.
 * Throws COORDINATOR_MISSING, CONFIG_URL.
 */
export function requireCoordinator(settings: Settings, need: string): CoordinatorPlace {
  const { coordinator, brokerUrl } = settings;
  const found = coordinator === null ? unnamedPlace(settings) : namedPlace(settings, coordinator, "Coordinator URL");
  if (found !== undefined) return found;
  throw new ConfigError(
    "COORDINATOR_MISSING",
    `${need} needs a coordinator, and neither ${schemeOf(brokerUrl)}:// nor the result backend is one: set \`coordinator\` to redis://, sqlite:// or db+postgresql://`,
  );
}

/** Whether this one is encrypted its URL says alone: the broker may be of another kind. */
function namedPlace(settings: Settings, url: string, what: string): CoordinatorPlace {
  knownScheme(url, what, coordinating);
  return { url, access: redisAccess(false, settings.brokerTransportOptions) };
}

function unnamedPlace(settings: Settings): CoordinatorPlace | undefined {
  const results = resultUrlOf(settings);
  // Results in one process's memory say nothing of the other processes on a broker of many.
  const places: readonly CoordinatorPlace[] = [
    { url: settings.brokerUrl, access: brokerAccess(settings) },
    ...(isMemoryUrl(results) ? [] : [{ url: results, access: resultAccess(settings) }]),
  ];
  return places.find(({ url }) => (coordinating as readonly (string | null)[]).includes(schemeOf(url)));
}

/** `place`: as `requireCoordinator` gives it. Throws CONFIG_URL, CONFIG_DRIVER_MISSING, MEMORY_OUT_OF_REACH. Connects nothing yet. */
export async function openCoordinator({ url, access }: CoordinatorPlace, context: DriverContext): Promise<Coordinator> {
  switch (knownScheme(url, "Coordinator URL", coordinating)) {
    case "memory":
      return (await import("./coordinators/memory.ts")).createMemoryCoordinator(url, context);
    case "sqlite":
    case "db+sqlite":
      return (await import("./coordinators/sqlite.ts")).createSqliteCoordinator(url, context);
    case "db+postgresql":
      return (await import("./coordinators/postgres.ts")).createPostgresCoordinator(url, context);
    case "redis":
      return (await import("./coordinators/redis.ts")).createRedisCoordinator(url, context, { access });
  }
}

/** Where schedules are kept: what `scheduleStore` names, else with the broker or, with RabbitMQ, on the coordinator. Throws SCHEDULE_STORE_MISSING, CONFIG_URL. */
export function scheduleStorePlace(settings: Settings): CoordinatorPlace {
  const { brokerUrl, coordinator, scheduleStore } = settings;
  if (scheduleStore !== null) return namedPlace(settings, scheduleStore, "Schedule store URL");
  if (schemeOf(brokerUrl) === "amqp" && coordinator !== null) return namedPlace(settings, coordinator, "Coordinator URL");
  const found = unnamedPlace(settings);
  if (found !== undefined) return found;
  throw new ConfigError(
    "SCHEDULE_STORE_MISSING",
    `Schedules cannot be kept on ${schemeOf(brokerUrl)}://, nor where the results are, and there is no coordinator: set \`scheduleStore\` to redis:// or db+postgresql:// or, if beat runs on one machine only, to sqlite://./celeriac.db`,
  );
}

/** The schedules of the app of that name. Throws SCHEDULE_STORE_MISSING, CONFIG_URL, CONFIG_DRIVER_MISSING, MEMORY_OUT_OF_REACH. Connects nothing yet. */
export async function openScheduleStore(settings: Settings, app: string, context: DriverContext): Promise<ScheduleStore> {
  const { url, access } = scheduleStorePlace(settings);
  switch (knownScheme(url, "Schedule store URL", coordinating)) {
    case "memory":
      return (await import("./schedule-stores/memory.ts")).createMemoryScheduleStore(url, app, context);
    case "sqlite":
    case "db+sqlite":
      return (await import("./schedule-stores/sqlite.ts")).createSqliteScheduleStore(url, app, context);
    case "db+postgresql":
      return (await import("./schedule-stores/postgres.ts")).createPostgresScheduleStore(url, app, context);
    case "redis":
      return (await import("./schedule-stores/redis.ts")).createRedisScheduleStore(url, app, context, access);
  }
}
