/**
 * Live exchanges, as kombu has them on Redis: what is told is published on a channel and kept nowhere. Who listens has a connection of its
 * own, opened anew whenever it is lost.
 */
import type { Broker, LiveExchange, SubscribeOptions, Subscription } from "../../broker.ts";
import type { DriverContext } from "../../driver.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { brokerFailure } from "../../redis/failure.ts";
import { literalGlob } from "../../redis/glob.ts";
import { createLink, type RedisLink } from "../../redis/link.ts";
import type { RedisTarget } from "../../redis/url.ts";
import { createRetryLog } from "../../retry-log.ts";
import { directInbox, tellDirectly } from "./direct-inbox.ts";
import { decodeEnvelope } from "./envelope-json.ts";
import { fanoutChannel } from "./keys.ts";
import { encodePublication } from "./publication-route.ts";
import { notConnected, publishFailure } from "./publisher.ts";

export interface BroadcastParts {
  /** the connection for publishing */
  readonly link: RedisLink;
  readonly target: RedisTarget;
  readonly context: DriverContext;
  readonly silentMs: number;
}

const firstWaitMs = 50;
const longestWaitMs = 1_500;
/** A server that is gone without a word is found out by a question. */
const probeMs = 5_000;

export function createBroadcasts({ link, target, context, silentMs }: BroadcastParts): Pick<Broker, "broadcast" | "subscribe" | "close"> {
  const { clock, logger } = context;
  const subscriptions = new Set<Subscription>();

  function openEar(): RedisLink {
    return createLink(target, {
      clock,
      name: "celeriac:listen",
      holdsProcess: true,
      silentMs,
      closed: () => new BrokerError("BROKER_CLOSED", `The broker on Redis at ${target.label} was closed`),
    });
  }

  async function subscribe(exchange: LiveExchange, options: SubscribeOptions): Promise<Subscription> {
    const ear = openEar();
    const ending = new AbortController();
    const retryLog = createRetryLog(logger);
    const inbox = exchange.type === "direct" ? directInbox(exchange, options) : null;
    const heard = (payload: Buffer) => {
      if (!ending.signal.aborted) hear(payload, exchange.name, options.heard, context);
    };

    async function listen(): Promise<void> {
      const connection = await ear.open();
      await (inbox === null ? listenToChannel(connection, exchange, heard) : inbox.open(connection, heard)).catch((error: unknown) => {
        // The next attempt begins with another one, else it would hear twice.
        connection.close(error);
        throw error;
      });
      void connection.closed.then(listenAgain);
    }

    async function listenToChannel(connection: RedisConnection, { name }: LiveExchange, told: (payload: Buffer) => void): Promise<void> {
      const channel = fanoutChannel(target.db, name, "");
      connection.onPattern((_, payload) => told(payload));
      await connection.call("PSUBSCRIBE", literalGlob(channel), `${literalGlob(channel)}/*`);
      const probing = clock.every(probeMs, () => void connection.call("PING").catch(() => {}));
      void connection.closed.then(() => probing.cancel());
    }

    async function listenAgain(): Promise<void> {
      for (let waitMs = firstWaitMs; !ending.signal.aborted; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
        try {
          await listen();
          retryLog.succeeded();
          return options.resumed?.();
        } catch (error) {
          retryLog.failed("Redis is not listened to; trying on", brokerFailure(error, target.label));
        }
        await clock.sleep(waitMs, ending.signal);
      }
    }

    const subscription: Subscription = {
      async close() {
        if (ending.signal.aborted) return;
        ending.abort();
        ear.close();
        subscriptions.delete(subscription);
        if (link.current !== null) await inbox?.remove(link.current).catch((error: unknown) => leftBehind(error, exchange.name));
      },
    };
    try {
      // Whether this server may be used at all is asked where it is published.
      await link.open();
      await listen();
    } catch (error) {
      ear.close();
      throw brokerFailure(error, target.label);
    }
    subscriptions.add(subscription);
    return subscription;
  }

  function leftBehind(error: unknown, exchange: string): void {
    logger.debug("A list of replies is left to its time to live", { exchange, reason: reasonOf(error) });
  }

  return {
    async broadcast({ name, type }, routingKey, envelope) {
      const connection = link.current;
      if (connection === null) throw notConnected(target.label);
      const raw = encodePublication({ envelope, route: { exchange: name, routingKey } });
      const told =
        type === "direct"
          ? tellDirectly(connection, { exchange: name, routingKey }, raw, logger)
          : connection.call("PUBLISH", fanoutChannel(target.db, name, routingKey), raw);
      await told.catch((error: unknown) => {
        throw publishFailure(error, target.label);
      });
    },
    subscribe,
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
    },
  };
}

/** The routing key is read from the message: a connection tells which pattern was met, not on which channel. */
function hear(payload: Buffer, exchange: string, heard: SubscribeOptions["heard"], { logger }: DriverContext): void {
  try {
    const { envelope, routingKey } = decodeEnvelope(payload.toString());
    heard(envelope, routingKey);
  } catch (error) {
    logger.warn("What was told on Redis is no message", { exchange, reason: reasonOf(error) });
  }
}
