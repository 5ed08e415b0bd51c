/** Where a Redis server is, read from a URL. Ground of the Redis drivers. */
import { ConfigError } from "../errors.ts";
import { redactText } from "../redact.ts";

export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  /** "host:port/db", without credentials: for messages */
  readonly label: string;
}

const defaultPort = 6379;

/** Reads `redis://[user:password@]host[:port][/db]`; user and password are percent-decoded. Throws CONFIG_URL. */
export function parseRedisUrl(url: string): RedisTarget {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== "redis:") throw unreadable(url, "expected redis://[user:password@]host[:port][/db]");
  const database = decodeURIComponent(parsed.pathname.replace(/^\/+/, ""));
  if (!/^\d{0,9}$/.test(database)) throw unreadable(url, "the database is a number, as in redis://localhost:6379/0");
  // An IPv6 address stands in brackets in a URL and without them everywhere else.
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1") || "localhost";
  const port = parsed.port === "" ? defaultPort : Number(parsed.port);
  const db = Number(database);
  return Object.freeze({
    host,
    port,
    db,
    username: parsed.username === "" ? null : decodeURIComponent(parsed.username),
    password: parsed.password === "" ? null : decodeURIComponent(parsed.password),
    label: `${host.includes(":") ? `[${host}]` : host}:${port}/${db}`,
  });
}

function unreadable(url: string, expected: string): ConfigError {
  return new ConfigError("CONFIG_URL", `The Redis URL ${JSON.stringify(redactText(url))} cannot be read: ${expected}`);
}

/** true when both reach the same server as the same user, so that one script may write for both; the databases may differ. */
export function isSameServer(left: RedisTarget, right: RedisTarget): boolean {
  return left.host === right.host && left.port === right.port && left.username === right.username;
}
