/** Where a RabbitMQ lives and how it is connected to, read from a URL once; what people read of it never holds the password. */
import type { CredentialsSource } from "../credentials.ts";
import { durationMs } from "../duration.ts";
import { ConfigError, reasonOf } from "../errors.ts";
import { redactUrl } from "../redact.ts";
import { type TlsOptions, takeTlsParameters } from "../tls.ts";

/** How every connection is opened, unless its URL says otherwise. */
export interface ConnectionOptions {
  /** false leaves it to the URL */
  readonly ssl: boolean | TlsOptions;
  /** a silent server is taken for gone after two; 0 = never */
  readonly heartbeatMs: number;
  /** how long the server may be silent while a connection is opened */
  readonly timeoutMs: number;
  /** EXTERNAL: who we are says our certificate */
  readonly loginMethod: LoginMethod;
  /** shown among the broker's connections beside our own */
  readonly clientProperties: Readonly<Record<string, unknown>>;
}

export const loginMethods = ["PLAIN", "AMQPLAIN", "EXTERNAL"] as const;
export type LoginMethod = (typeof loginMethods)[number];

export const defaultConnection: ConnectionOptions = {
  ssl: false,
  heartbeatMs: 10_000,
  // Short of the 5 s in which work must go on once the broker accepts connections: an attempt that was answered by nobody must not outlast it.
  timeoutMs: 4_000,
  loginMethod: "PLAIN",
  clientProperties: {},
};

export interface AmqpAddress extends Omit<ConnectionOptions, "ssl"> {
  /** null = not encrypted */
  readonly tls: TlsOptions | null;
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** asked at each connect; what it gives stands in place of the two above */
  readonly credentials?: CredentialsSource | null;
  readonly vhost: string;
  /** e.g. "guest@localhost:5672, vhost /": for messages and logs */
  readonly label: string;
}

/** kombu's schemes → encrypted? */
const schemes: ReadonlyMap<string, boolean> = new Map([
  ["amqp", false],
  ["pyamqp", false],
  ["librabbitmq", false],
  ["amqps", true],
]);
const expected = "expected amqp://user:password@host:port/vhost, or amqps://";

/**
 * Reads `amqp://user:password@host:port/vhost`; left out: guest, guest, localhost, 5672 (5671 with TLS), "/". The vhost is percent-encoded, and as
 * in Celery `//` at the end means "/". kombu's parameters: heartbeat, connect_timeout, login_method and `ssl_…`. Throws CONFIG_URL.
 */
export function parseAmqpUrl(url: string, options: Partial<ConnectionOptions> = {}): AmqpAddress {
  const refuse = (why: string) => new ConfigError("CONFIG_URL", `${redactUrl(url)} is no AMQP URL: ${why}; ${expected}`);
  // The platform's own error repeats the URL with its password, so it is not kept as the cause.
  const parts = url.includes("://") && URL.canParse(url) ? new URL(url) : null;
  if (parts === null) throw refuse("it cannot be parsed");
  const encrypted = schemes.get(parts.protocol.slice(0, -1));
  if (encrypted === undefined) throw refuse("the scheme is not amqp or amqps");
  try {
    const parameters = new URLSearchParams(parts.searchParams);
    const own = takeTlsParameters(parameters);
    const { ssl, ...said } = { ...defaultConnection, ...options, ...readParameters(parameters) };
    const tls = encrypted || ssl !== false || own !== null ? { ...(typeof ssl === "object" ? ssl : {}), ...own } : null;
    const hostname = parts.hostname.replace(/^\[|\]$/g, "") || "localhost";
    const port = parts.port === "" ? (tls === null ? 5672 : 5671) : Number(parts.port);
    const named = parts.username !== "" || parts.password !== "";
    const username = named ? decodeURIComponent(parts.username) : "guest";
    const password = named ? decodeURIComponent(parts.password) : "guest";
    const vhost = decodeURIComponent(parts.pathname.slice(1)) || "/";
    const who = said.loginMethod === "EXTERNAL" ? "" : `${username}@`;
    return { ...said, tls, hostname, port, username, password, vhost, label: `${who}${hostname}:${port}, vhost ${vhost}` };
  } catch (error) {
    throw refuse(ConfigError.is(error) ? reasonOf(error) : "it cannot be parsed");
  }
}

/**
 * Reads one or more with `;` between them, as kombu does: what has no scheme is a host, or host:port, of which everything else is as in the first.
 * `credentials` is given the URL of each. Throws CONFIG_URL.
 */
export function parseAmqpUrls(
  urls: string,
  options: Partial<ConnectionOptions> = {},
  credentials: ((url: string) => CredentialsSource) | null = null,
): readonly AmqpAddress[] {
  const [first = "", ...others] = urls.split(";").map((url) => url.trim());
  const read = (url: string) => ({ ...parseAmqpUrl(url, options), credentials: credentials?.(url) ?? null });
  const alike = (host: string) => Object.assign(new URL(first), { host }).href;
  return [read(first), ...others.filter((url) => url !== "").map((url) => read(url.includes("://") ? url : alike(url)))];
}

function readParameters(parameters: URLSearchParams): Partial<ConnectionOptions> {
  const read: { -readonly [K in keyof ConnectionOptions]?: ConnectionOptions[K] } = {};
  for (const [name, value] of parameters) {
    if (name === "heartbeat") read.heartbeatMs = durationMs(value, name);
    else if (name === "connect_timeout") read.timeoutMs = durationMs(value, name);
    else if (name === "login_method") read.loginMethod = readLoginMethod(value);
    else throw new ConfigError("CONFIG_URL", `there is no parameter ${JSON.stringify(name)}`);
  }
  return read;
}

function readLoginMethod(value: string): LoginMethod {
  const method = loginMethods.find((each) => each === value.toUpperCase());
  if (method === undefined) throw new ConfigError("CONFIG_URL", `login_method is ${loginMethods.join(", ")}`);
  return method;
}
