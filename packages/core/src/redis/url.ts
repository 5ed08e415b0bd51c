/** Where a Redis is and how to get in, read from a URL and from what Celery's settings say beside it. Ground of the Redis drivers. */
import type { CredentialsSource, CredentialsSources } from "../credentials.ts";
import { ConfigError, reasonOf } from "../errors.ts";
import { redactUrl } from "../redact.ts";
import { type TlsOptions, takeTlsParameters } from "../tls.ts";

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

export type RedisAddress = HostAddress | { readonly path: string };

/** How to get in. */
export interface RedisLogin {
  readonly username: string | null;
  readonly password: string | null;
  /** asked at each connect; what it gives stands in place of the two above */
  readonly credentials?: CredentialsSource | null;
  /** null = not encrypted */
  readonly tls: TlsOptions | null;
}

/** One server. */
export interface RedisServer extends RedisLogin {
  readonly address: RedisAddress;
  readonly db: number;
  /** stands in front of every key and channel: `global_keyprefix` of the transport options */
  readonly keyPrefix: string;
  /** `any`: as it is. `primary`: a replica will not do. `node`: nor will it, and it holds some of the keys of a cluster. */
  readonly role: "any" | "primary" | "node";
}

/** Servers that know which one is the primary at present. */
export interface Sentinels extends Omit<RedisLogin, "credentials"> {
  readonly sentinels: readonly HostAddress[];
  /** as a server's, for each of them; null: they are entered by what stands here */
  readonly credentialsOf: ((sentinel: HostAddress) => CredentialsSource) | null;
  /** what they call the primary */
  readonly primary: string;
}

/** Servers that share all keys among them; every one knows the others. */
export interface RedisCluster {
  /** those that are asked for the others: one suffices while it is there */
  readonly nodes: readonly HostAddress[];
}

export interface RedisTarget extends RedisLogin {
  readonly place: RedisAddress | Sentinels | RedisCluster;
  readonly db: number;
  /** as a server's */
  readonly keyPrefix: string;
  /** "host:port/db", without credentials: for messages */
  readonly label: string;
}

/** What settings say of a connection, whatever its URL is. */
export interface RedisAccess {
  /** `broker_use_ssl`, `redis_backend_use_ssl`; false leaves it to the URL */
  readonly ssl?: boolean | TlsOptions | undefined;
  /** `global_keyprefix` of the transport options; none unless told */
  readonly keyPrefix?: string | undefined;
  /** `master_name` of the transport options */
  readonly masterName?: string | undefined;
  /** `sentinel_kwargs` of the transport options: how to get into the sentinels themselves */
  readonly sentinel?: SentinelAccess | undefined;
}

export interface SentinelAccess {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ssl?: boolean | TlsOptions | undefined;
}

/** Schemes as kombu and redis-py spell them. */
const socketSchemes = ["redis+socket", "socket", "unix"];
const clusterSchemes = ["redis+cluster", "rediss+cluster"];
const schemes = ["redis", "rediss", "sentinel", ...clusterSchemes, ...socketSchemes];
const ports = { redis: 6379, rediss: 6379, "redis+cluster": 6379, "rediss+cluster": 6379, sentinel: 26379 };

const expected =
  "expected redis://[user:password@]host[:port][/db], rediss://…, sentinel://host[:port];sentinel://…, redis+cluster://host[:port];redis+cluster://… or redis+socket:///path?virtual_host=db";

export function isRedisUrl(url: string): boolean {
  return schemes.some((scheme) => url.toLowerCase().startsWith(`${scheme}://`));
}

const isSentinel = (url: string) => /^sentinel:/i.test(url);
const isCluster = (url: string) => /^rediss?\+cluster:/i.test(url);

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://` (encrypted, with parameters such as `ssl_ca_certs`), `sentinel://` and
 * `redis+cluster://`, `rediss+cluster://` (several with `;` between them), and for a unix socket `redis+socket:///path?virtual_host=db`, `socket://` or `unix://`; all parts are percent-decoded.
 * Throws CONFIG_URL.
 */
export function parseRedisUrl(url: string, access: RedisAccess = {}, credentials: CredentialsSources | null = null): RedisTarget {
  if (isCluster(url)) return parseCluster(url, access, credentials);
  const [first = "", ...others] = url.split(/;\s*(?=sentinel:\/\/)/i);
  const { masterName: _, ...server } = parseOne(first, access);
  const target = { ...server, credentials: credentials?.(url) ?? null };
  if (!isSentinel(url)) return Object.freeze(target);
  const parts = [first, ...others].map((part) => parseOne(part, access));
  const hosts = parts.map(({ place, db }) => {
    // Celery takes the database of the first; another one further on is a mistake that it passes over.
    if (db !== 0 && db !== target.db) throw unreadable(url, "all sentinels are to name the database of the first, or none");
    return place as HostAddress;
  });
  const primary = parts.find(({ masterName }) => masterName !== undefined)?.masterName ?? access.masterName;
  if (primary === undefined)
    throw unreadable(url, "what the sentinels call the primary is master_name, in broker_transport_options or as a parameter");
  const { username = null, password = null, ssl = false } = access.sentinel ?? {};
  const tls = ssl === false ? null : ssl === true ? {} : ssl;
  // A password for those that want none would be refused.
  const wantLogin = username !== null || password !== null;
  const credentialsOf = credentials === null || !wantLogin ? null : (sentinel: HostAddress) => credentials(url, hostText(sentinel));
  return Object.freeze({
    ...target,
    place: Object.freeze({ sentinels: Object.freeze(hosts), primary, username, password, tls, credentialsOf }),
    label: `${primary}/${target.db} (sentinels ${hosts.map(hostText).join(", ")})`,
  });
}

function parseCluster(url: string, access: RedisAccess, credentials: CredentialsSources | null): RedisTarget {
  const parts = url.split(/;\s*(?=rediss?\+cluster:\/\/)/i).map((part) => parseOne(part, access));
  const [{ masterName: _, ...first }] = parts as [ReturnType<typeof parseOne>];
  if (parts.some(({ db }) => db !== 0)) throw unreadable(url, "a cluster has database 0 only");
  if (first.keyPrefix !== "" && !/\{[^}]+\}/.test(first.keyPrefix))
    throw unreadable(url, `on a cluster global_keyprefix has a hash tag, as in "{${first.keyPrefix}}"`);
  const nodes = parts.map(({ place }) => place as HostAddress);
  return Object.freeze({
    ...first,
    credentials: credentials?.(url) ?? null,
    place: Object.freeze({ nodes: Object.freeze(nodes) }),
    label: `cluster ${nodes.map(hostText).join(", ")}`,
  });
}

/** A URL, or one of several sentinels or nodes, whose `place` is its host. */
function parseOne(url: string, { ssl = false, keyPrefix = "" }: RedisAccess) {
  const parts = partsOf(url);
  const parameters = new URLSearchParams(parts.searchParams);
  const scheme = parts.protocol.slice(0, -1) as keyof typeof ports;
  const own = read(url, () => takeTlsParameters(parameters));
  const { database, ...rest } = readParameters(url, parameters);
  const isSocket = socketSchemes.includes(scheme);
  const isEncrypted = scheme.startsWith("rediss") || ssl !== false;
  if (own !== null && !isEncrypted) throw unreadable(url, "what begins with ssl_ belongs to rediss://, or to the settings");
  if (isSocket && isEncrypted) throw unreadable(url, "a unix socket is not encrypted");
  const path = read(url, () => decodeURIComponent(parts.pathname));
  const db = (database ?? (isSocket ? "" : path)).replace(/^\/+/, "");
  if (!/^\d{0,9}$/.test(db)) throw unreadable(url, "the database is a number, as in redis://localhost:6379/0");
  const place: RedisAddress = isSocket ? { path } : { host: hostOf(parts), port: parts.port === "" ? ports[scheme] : Number(parts.port) };
  return {
    place: Object.freeze(place),
    tls: isEncrypted ? Object.freeze({ ...(typeof ssl === "object" ? ssl : {}), ...own }) : null,
    db: Number(db),
    keyPrefix,
    username: parts.username === "" ? null : read(url, () => decodeURIComponent(parts.username)),
    password: parts.password === "" ? null : read(url, () => decodeURIComponent(parts.password)),
    ...rest,
    label: "path" in place ? `${place.path}, database ${Number(db)}` : `${hostText(place)}/${Number(db)}`,
  };
}

function partsOf(url: string): URL {
  // A URL without a host may have no user: it gets a host, which a socket does not need.
  const text = url.replace(/^([^/]+:\/\/[^/]*@)(?=\/)/, "$1localhost");
  if (!isRedisUrl(text) || !URL.canParse(text)) throw unreadable(url, expected);
  const parts = new URL(text);
  const isSocket = socketSchemes.includes(parts.protocol.slice(0, -1));
  if (isSocket && (parts.pathname.length < 2 || !["", "localhost"].includes(parts.hostname)))
    throw unreadable(url, "the path of a socket begins with a third slash, as in redis+socket:///run/redis.sock");
  return parts;
}

/** An IPv6 address stands in brackets in a URL and without them everywhere else. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1") || "localhost";
}

export function hostText({ host, port }: HostAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
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
  const found: { database?: string; username?: string; password?: string; masterName?: string } = {};
  for (const [name, value] of parameters) {
    if (name === "virtual_host" || name === "db") found.database = value;
    else if (name === "username" || name === "password") found[name] = value;
    else if (name === "master_name" && /^sentinel:/i.test(url)) found.masterName = value;
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
  return new ConfigError("CONFIG_URL", `The Redis URL ${JSON.stringify(redactUrl(url))} cannot be read: ${why}`);
}

/** true when both reach the same server as the same user, with the same prefix, so that one script may write for both; the databases may differ. */
export function isSameServer(left: RedisTarget, right: RedisTarget): boolean {
  const isSameUser = left.username === right.username && left.keyPrefix === right.keyPrefix;
  return isSameUser && nameOf(left.place) === nameOf(right.place);
}

function nameOf(place: RedisTarget["place"]): string {
  if ("path" in place) return place.path;
  if ("nodes" in place) return `cluster ${place.nodes.map(hostText).sort().join(";")}`;
  return "host" in place ? hostText(place) : `${place.primary}@${place.sentinels.map(hostText).sort().join(";")}`;
}

/** One server that is entered as the target says. */
export function serverAt(address: RedisAddress, target: RedisTarget, role: RedisServer["role"]): RedisServer {
  const { tls, db, keyPrefix, username, password, credentials = null } = target;
  return { address, tls, db, keyPrefix, username, password, credentials, role };
}
