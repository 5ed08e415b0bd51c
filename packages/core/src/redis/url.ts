/** Where a Redis is and how to get in, read from a URL and from what Celery's settings say beside it. Ground of the Redis drivers. */
import type { CredentialsSource } from "../credentials.ts";
import { ConfigError, reasonOf } from "../errors.ts";
import { redactText } from "../redact.ts";
import { type TlsOptions, takeTlsParameters } from "../tls.ts";

export type RedisAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** One server, and how to get in. */
export interface RedisServer {
  readonly address: RedisAddress;
  /** null = not encrypted */
  readonly tls: TlsOptions | null;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  /** asked at each connect; what it gives stands in place of the two above */
  readonly credentials?: CredentialsSource | null;
}

export interface RedisTarget extends RedisServer {
  /** "host:port/db", without credentials: for messages */
  readonly label: string;
}

/** What settings say of a connection, whatever its URL is. */
export interface RedisAccess {
  /** `broker_use_ssl`, `redis_backend_use_ssl`; false leaves it to the URL */
  readonly ssl: boolean | TlsOptions;
}

const noAccess: RedisAccess = { ssl: false };

/** Schemes as kombu and redis-py spell them; the last three are of unix sockets. */
const redisSchemes = ["redis", "rediss", "redis+socket", "socket", "unix"] as const;

const expected = "expected redis://[user:password@]host[:port][/db], rediss://… or redis+socket:///path?virtual_host=db";
const defaultPort = 6379;

export function isRedisUrl(url: string): boolean {
  return redisSchemes.some((scheme) => url.toLowerCase().startsWith(`${scheme}://`));
}

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://` (encrypted, with parameters such as `ssl_ca_certs`), and for a unix socket
 * `redis+socket:///path?virtual_host=db`, `socket://` or `unix://`; all parts are percent-decoded. Throws CONFIG_URL.
 */
export function parseRedisUrl(url: string, { ssl }: RedisAccess = noAccess): RedisTarget {
  const parts = partsOf(url);
  const parameters = new URLSearchParams(parts.searchParams);
  const scheme = parts.protocol.slice(0, -1);
  const own = read(url, () => takeTlsParameters(parameters));
  const { database, ...rest } = readParameters(url, parameters);
  const isSocket = scheme !== "redis" && scheme !== "rediss";
  const isEncrypted = scheme === "rediss" || ssl !== false;
  if (own !== null && !isEncrypted) throw unreadable(url, "what begins with ssl_ belongs to rediss://");
  if (isSocket && isEncrypted) throw unreadable(url, "a unix socket is not encrypted");
  const path = read(url, () => decodeURIComponent(parts.pathname));
  const db = (database ?? (isSocket ? "" : path)).replace(/^\/+/, "");
  if (!/^\d{0,9}$/.test(db)) throw unreadable(url, "the database is a number, as in redis://localhost:6379/0");
  const address = isSocket ? { path } : { host: hostOf(parts), port: parts.port === "" ? defaultPort : Number(parts.port) };
  return Object.freeze({
    address: Object.freeze(address),
    tls: isEncrypted ? Object.freeze({ ...(typeof ssl === "object" ? ssl : {}), ...own }) : null,
    db: Number(db),
    username: parts.username === "" ? null : read(url, () => decodeURIComponent(parts.username)),
    password: parts.password === "" ? null : read(url, () => decodeURIComponent(parts.password)),
    ...rest,
    label: labelOf(address, Number(db)),
  });
}

function partsOf(url: string): URL {
  // A URL without a host may have no user: it gets a host, which a socket does not need.
  const text = url.replace(/^([^/]+:\/\/[^/]*@)(?=\/)/, "$1localhost");
  if (!isRedisUrl(text) || !URL.canParse(text)) throw unreadable(url, expected);
  const parts = new URL(text);
  const hasPath = parts.pathname.length > 1;
  if (/^(?:redis\+socket|socket|unix):$/.test(parts.protocol) && (!hasPath || !["", "localhost"].includes(parts.hostname)))
    throw unreadable(url, "the path of a socket begins with a third slash, as in redis+socket:///run/redis.sock");
  return parts;
}

/** An IPv6 address stands in brackets in a URL and without them everywhere else. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1") || "localhost";
}

function labelOf(address: RedisAddress, db: number): string {
  if ("path" in address) return `${address.path}, database ${db}`;
  const { host, port } = address;
  return `${host.includes(":") ? `[${host}]` : host}:${port}/${db}`;
}

/** Parameters of redis-py that change how it watches its connections: here the driver does that by itself. */
const watching = new Set([
  "socket_timeout",
  "socket_connect_timeout",
  "socket_keepalive",
  "health_check_interval",
  "retry_on_timeout",
  "max_connections",
]);

/** What else a URL may say, as redis-py does. */
function readParameters(url: string, parameters: URLSearchParams) {
  const found: { database?: string; username?: string; password?: string } = {};
  for (const [name, value] of parameters) {
    if (name === "virtual_host" || name === "db") found.database = value;
    else if (name === "username" || name === "password") found[name] = value;
    else if (!watching.has(name)) throw unreadable(url, `there is no parameter ${JSON.stringify(name)}`);
  }
  return found;
}

function read<T>(url: string, part: () => T): T {
  try {
    return part();
  } catch (error) {
    throw unreadable(url, reasonOf(error));
  }
}

function unreadable(url: string, why: string): ConfigError {
  return new ConfigError("CONFIG_URL", `The Redis URL ${JSON.stringify(redactText(url))} cannot be read: ${why}`);
}

/** true when both reach the same server as the same user, so that one script may write for both; the databases may differ. */
export function isSameServer(left: RedisTarget, right: RedisTarget): boolean {
  return left.username === right.username && JSON.stringify(left.address) === JSON.stringify(right.address);
}
