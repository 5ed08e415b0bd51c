/** Where a RabbitMQ lives, read from a URL once; what people read of it never holds the password. */
import { ConfigError } from "../errors.ts";
import { redactText } from "../redact.ts";

export interface AmqpAddress {
  readonly protocol: "amqp" | "amqps";
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** e.g. "guest@localhost:5672, vhost /": for messages and logs */
  readonly label: string;
}

const ports = { amqp: 5672, amqps: 5671 } as const;

/**
 * Reads `amqp://user:password@host:port/vhost`; left out: guest, guest, localhost, 5672, "/". The vhost is percent-encoded, and as in Celery
 * `//` at the end means "/". Throws CONFIG_URL.
 */
export function parseAmqpUrl(url: string): AmqpAddress {
  const refuse = (why: string, cause?: unknown) =>
    new ConfigError("CONFIG_URL", `${redactText(url)} is no AMQP URL: ${why}; expected amqp://user:password@host:port/vhost`, { cause });
  try {
    const parts = new URL(url);
    const protocol = parts.protocol.slice(0, -1).toLowerCase();
    if (protocol !== "amqp" && protocol !== "amqps") throw refuse("the scheme is not amqp or amqps");
    const [unknown] = parts.searchParams.keys();
    if (unknown !== undefined) throw refuse(`there is no parameter ${JSON.stringify(unknown)}`);
    const hostname = parts.hostname.replace(/^\[|\]$/g, "") || "localhost";
    const port = parts.port === "" ? ports[protocol] : Number(parts.port);
    const named = parts.username !== "" || parts.password !== "";
    const username = named ? decodeURIComponent(parts.username) : "guest";
    const password = named ? decodeURIComponent(parts.password) : "guest";
    const vhost = decodeURIComponent(parts.pathname.slice(1)) || "/";
    return { protocol, hostname, port, username, password, vhost, label: `${username}@${hostname}:${port}, vhost ${vhost}` };
  } catch (error) {
    if (ConfigError.is(error)) throw error;
    // The platform's own error repeats the URL with its password, so it is not kept as the cause.
    throw refuse("it cannot be parsed");
  }
}
