/**
 * Live exchanges, as kombu has them on Redis: what is told is published on a channel and kept nowhere. Who listens has a connection of its
 * own, opened anew whenever it is lost.
 */
import type { Broker, LiveExchange, SubscribeOptions, Subscription } from "../../broker.ts";
import type { DriverContext } from "../../driver.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import { brokerFailure } from "../../redis/failure.ts";
import { literalGlob } from "../../redis/glob.ts";
import { createLink, type RedisLink } from "../../redis/link.ts";
import type { RedisTarget } from "../../redis/url.ts";
import { createRetryLog } from "../../retry-log.ts";
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

  async function subscribe({ name }: LiveExchange, { heard }: SubscribeOptions): Promise<Subscription> {
    const ear = openEar();
    const ending = new AbortController();
    const retryLog = createRetryLog(logger);
    const channel = fanoutChannel(target.db, name, "");
    const patterns = [literalGlob(channel), `${literalGlob(channel)}/*`];

    async function listen(): Promise<void> {
      const connection = await ear.open();
      connection.onPattern((_, payload) => {
        if (!ending.signal.aborted) hear(payload, name, heard, context);
      });
      await connection.call("PSUBSCRIBE", ...patterns).catch((error: unknown) => {
        // The next attempt begins with another one, else it would hear twice.
        connection.close(error);
        throw error;
      });
      const probing = clock.every(probeMs, () => void connection.call("PING").catch(() => {}));
      void connection.closed.then(() => {
        probing.cancel();
        return listenAgain();
      });
    }

    async function listenAgain(): Promise<void> {
      for (let waitMs = firstWaitMs; !ending.signal.aborted; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
        try {
          await listen();
          return retryLog.succeeded();
        } catch (error) {
          retryLog.failed("Redis is not listened to; trying on", brokerFailure(error, target.label));
        }
        await clock.sleep(waitMs, ending.signal);
      }
    }

    const subscription: Subscription = {
      async close() {
        ending.abort();
        ear.close();
        subscriptions.delete(subscription);
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

  return {
    async broadcast({ name }, routingKey, envelope) {
      const connection = link.current;
      if (connection === null) throw notConnected(target.label);
      const raw = encodePublication({ envelope, route: { exchange: name, routingKey } });
      await connection.call("PUBLISH", fanoutChannel(target.db, name, routingKey), raw).catch((error: unknown) => {
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
