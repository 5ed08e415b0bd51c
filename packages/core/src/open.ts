/** Picks the driver for a URL and loads it, lazily: the only file that knows all of them. */
import type { ResultBackend } from "./backend.ts";
import type { Broker } from "./broker.ts";
import { resultExpiresMs, type Settings } from "./config.ts";
import type { Coordinator } from "./coordinator.ts";
import type { DriverContext } from "./driver.ts";
import { ConfigError } from "./errors.ts";
import { redactText } from "./redact.ts";

type Scheme = "sqlite" | "redis" | "amqp" | "rpc" | "disabled";

/** The scheme of a URL, or null. */
function schemeOf(url: string): string | null {
  if (url === "disabled") return "disabled";
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? null;
}

function knownScheme<S extends Scheme>(url: string, what: string, schemes: readonly S[]): S {
  const scheme = schemeOf(url);
  if (scheme !== null && (schemes as readonly string[]).includes(scheme)) return scheme as S;
  const list = schemes.map((known) => (known === "disabled" ? known : `${known}://`)).join(", ");
  throw new ConfigError(
    "CONFIG_URL",
    `${what} ${JSON.stringify(redactText(url))} has ${scheme === null ? "no scheme" : `the scheme ${scheme}://`}: expected ${list}`,
  );
}

/** The backend that goes with a broker when none is named: the same file, the same server, or replies by message. */
export function resultUrlOf(settings: Pick<Settings, "brokerUrl" | "resultBackend">): string {
  if (settings.resultBackend !== null) return settings.resultBackend;
  return schemeOf(settings.brokerUrl) === "amqp" ? "rpc://" : settings.brokerUrl;
}

/** Throws CONFIG_URL, CONFIG_DRIVER_MISSING. Connects nothing yet. */
export async function openBroker(settings: Settings, context: DriverContext): Promise<Broker> {
  const url = settings.brokerUrl;
  const options = { resultUrl: resultUrlOf(settings) };
  switch (knownScheme(url, "Broker URL", ["amqp", "redis", "sqlite"])) {
    case "sqlite":
      return (await import("./brokers/sqlite.ts")).createSqliteBroker(url, context, options);
    case "redis":
      return (await import("./brokers/redis/broker.ts")).createRedisBroker(url, context, options);
    case "amqp":
      return (await import("./brokers/amqp/broker.ts")).createAmqpBroker(url, context, {
        ...options,
        maxPriority: settings.taskQueueMaxPriority,
      });
  }
}

/** null where results are disabled. Throws CONFIG_URL, CONFIG_DRIVER_MISSING. Connects nothing yet. */
export async function openBackend(settings: Settings, context: DriverContext): Promise<ResultBackend | null> {
  const url = resultUrlOf(settings);
  switch (knownScheme(url, "Result backend", ["redis", "rpc", "sqlite", "disabled"])) {
    case "sqlite":
      return (await import("./backends/sqlite.ts")).createSqliteBackend(url, context);
    case "redis":
      return (await import("./backends/redis.ts")).createRedisBackend(url, context);
    case "rpc":
      knownScheme(settings.brokerUrl, "rpc:// sends results through the broker, whose URL", ["amqp"]);
      return (await import("./backends/rpc.ts")).createRpcBackend(settings.brokerUrl, context, { expiresMs: resultExpiresMs(settings) });
    case "disabled":
      return null;
  }
}

/** On the broker's server where that can coordinate, else the backend's, else `coordinator`; null where none can. */
export async function openCoordinator(settings: Settings, context: DriverContext): Promise<Coordinator | null> {
  const urls = [settings.coordinator, settings.brokerUrl, resultUrlOf(settings)];
  for (const url of urls) {
    if (url === null) continue;
    const scheme = schemeOf(url);
    if (scheme === "sqlite") return (await import("./coordinators/sqlite.ts")).createSqliteCoordinator(url, context);
    if (scheme === "redis") return (await import("./coordinators/redis.ts")).createRedisCoordinator(url, context);
    if (url === settings.coordinator) knownScheme(url, "Coordinator URL", ["redis", "sqlite"]);
  }
  return null;
}
