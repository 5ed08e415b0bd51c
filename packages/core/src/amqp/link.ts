/** One open connection to RabbitMQ, over the library's: its end and its being blocked are told once, its errors are ours. */
import type { Socket } from "node:net";
import { type Channel, type ChannelModel, type ConfirmChannel, connect, credentials } from "amqplib";
import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { reasonOf } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { tlsConnectionOptions } from "../tls.ts";
import type { AmqpAddress } from "./address.ts";
import { connectFailure, operationFailure } from "./failure.ts";
import { readLongIntegers } from "./long-integers.ts";
import { within } from "./patience.ts";

export interface Link {
  /** of its address: whom it leads to */
  readonly label: string;
  /** what the server says it is, e.g. "RabbitMQ 3.13.7" */
  readonly software: string;
  /** Why it ended; null while it is open. */
  readonly ended: { readonly error: unknown } | null;
  /** The broker's reason for taking no publications now (memory or disk alarm); null while it does. */
  readonly blocked: string | null;
  openChannel(): Promise<Channel>;
  openConfirmChannel(): Promise<ConfirmChannel>;
  /**
   * Runs `work` on a channel of its own that is closed afterwards: a refusal closes the channel it happens on, and nothing else is on this one.
   * Rejects with what the library gave, so that reply codes can be looked at, or when nobody answered for half a minute: a broker that takes no
   * publications reads nothing at all from a connection that published.
   */
  aside<T>(work: (channel: Channel) => Promise<T>): Promise<T>;
  /** Called once when the connection has ended, in whichever way. */
  onEnd(listener: (error: unknown) => void): void;
  /** Called when the broker blocks publications (with its reason) and when it takes them again (null). */
  onBlocked(listener: (reason: string | null) => void): void;
  /** Whether it keeps the process alive, as it does until it is told otherwise. */
  hold(holds: boolean): void;
  /** Resolves when it is closed, in 2 s even if nobody answers; never rejects. */
  close(): Promise<void>;
}

export interface LinkOptions {
  /** shown among the broker's connections, e.g. "celeriac publish" */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What AMQP has room for. */
const longestHeartbeatSeconds = 65_535;
const closeTimeoutMs = 2_000;
const answerLimitMs = 30_000;

/** One attempt. Throws BROKER_UNREACHABLE, BROKER_AUTH, BROKER_TLS, BROKER_REFUSED or CREDENTIALS_FAILED. */
export async function openLink(address: AmqpAddress, { name, clock, logger }: LinkOptions): Promise<Link> {
  const { hostname, port, vhost, tls, label } = address;
  const given: Partial<Credentials> = (await address.credentials?.()) ?? {};
  const { username = address.username, password = address.password } = given;
  let model: ChannelModel;
  try {
    model = await connect(
      {
        protocol: tls === null ? "amqp" : "amqps",
        hostname,
        port,
        // The library decodes what it is given.
        vhost: encodeURIComponent(vhost),
        heartbeat: Math.min(longestHeartbeatSeconds, Math.ceil(address.heartbeatMs / 1_000)),
      },
      {
        noDelay: true,
        keepAlive: true,
        timeout: address.timeoutMs,
        clientProperties: { connection_name: name, ...address.clientProperties },
        credentials: credentialsOf({ ...address, username, password }),
        ...(tls === null ? {} : await tlsConnectionOptions(tls)),
      },
    );
  } catch (error) {
    throw connectFailure(error, address);
  }
  readLongIntegers(model.connection);
  return watchLink(model, label, { name, clock, logger });
}

function credentialsOf({ loginMethod, username, password }: AmqpAddress) {
  switch (loginMethod) {
    case "PLAIN":
      return credentials.plain(username, password);
    case "AMQPLAIN":
      return credentials.amqplain(username, password);
    case "EXTERNAL":
      return credentials.external();
  }
}

function watchLink(model: ChannelModel, label: string, { name, clock, logger }: LinkOptions): Link {
  const fields = { broker: label, connection: name };
  const endListeners: ((error: unknown) => void)[] = [];
  const blockedListeners: ((reason: string | null) => void)[] = [];
  let ended: { readonly error: unknown } | null = null;
  let blocked: string | null = null;
  let failure: unknown;

  model.on("error", (error) => {
    failure = error;
  });
  model.on("close", (error) => {
    ended = { error: error ?? failure };
    for (const listener of endListeners) listener(ended.error);
  });
  const block = (reason: string | null) => {
    const isNews = (blocked === null) !== (reason === null);
    blocked = reason;
    if (!isNews) return;
    for (const listener of blockedListeners) listener(reason);
  };
  model.on("blocked", (reason) => block(String(reason)));
  model.on("unblocked", () => block(null));

  const guard = <C extends Channel>(channel: C): C => {
    // Whoever waits for a reply is told by its rejection; without a listener the library would throw into the socket's handler.
    channel.on("error", (error) => logger.debug("The broker closed an AMQP channel", { ...fields, error }));
    return channel;
  };
  const hold = (holds: boolean) => {
    const { stream, heartbeater } = model.connection as unknown as Inside;
    for (const handle of [stream, heartbeater?.sendTimer, heartbeater?.recvTimer]) {
      if (holds) handle?.ref();
      else handle?.unref();
    }
  };
  const openChannel = async () => guard(await model.createChannel());

  async function onChannelOfItsOwn<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await openChannel();
    try {
      return await work(channel);
    } finally {
      await channel.close().catch((error) => logger.debug("An AMQP channel was closed already", { ...fields, reason: reasonOf(error) }));
    }
  }

  return {
    label,
    software: softwareOf(model),
    get ended() {
      return ended;
    },
    get blocked() {
      return blocked;
    },
    openChannel,
    openConfirmChannel: async () => guard(await model.createConfirmChannel()),
    aside: (work) => within(clock, answerLimitMs, onChannelOfItsOwn(work)),
    onEnd(listener) {
      if (ended === null) endListeners.push(listener);
      else listener(ended.error);
    },
    onBlocked: (listener) => void blockedListeners.push(listener),
    hold,
    async close() {
      if (ended !== null) return;
      hold(true);
      const impatience = clock.after(closeTimeoutMs, () => destroy(model), { background: true });
      const gone = new Promise<void>((resolve) => endListeners.push(() => resolve()));
      model.close().catch((error) => logger.debug("An AMQP connection was closed already", { ...fields, reason: reasonOf(error) }));
      await gone;
      impatience.cancel();
    },
  };
}

function softwareOf({ connection }: ChannelModel): string {
  const { product, version } = connection.serverProperties as { readonly product?: unknown; readonly version?: unknown };
  return [product ?? "RabbitMQ", version].filter((part) => typeof part === "string").join(" ");
}

/** What the library does not show of a connection. */
interface Inside {
  readonly stream: Socket;
  readonly heartbeater: { readonly sendTimer: NodeJS.Timeout; readonly recvTimer: NodeJS.Timeout } | null;
}

/** Ends the socket under a connection whose other side is silent; the library takes it for a lost connection. */
function destroy(model: ChannelModel): void {
  const { stream } = model.connection as unknown as Inside;
  stream.destroy(new Error("The broker did not answer the request to close the connection"));
}

/** Runs `work` aside and translates its failure; `what` completes "refused to …". */
export async function ask<T>(link: Link, what: string, work: (channel: Channel) => Promise<T>): Promise<T> {
  try {
    return await link.aside(work);
  } catch (error) {
    throw operationFailure(error, what);
  }
}
