/** Sends envelopes where they belong: makes sure of the way first, then publishes with confirmation and the demand that some queue takes it. */
import type { Outgoing } from "../../amqp/confirms.ts";
import type { Outbox } from "../../amqp/outbox.ts";
import type { Session } from "../../amqp/session.ts";
import type { Passage, Publication } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import type { Route } from "../../envelope.ts";
import { BrokerError, PublishError } from "../../errors.ts";
import { delayRoute } from "./delay.ts";
import { type Content, dueHeader, toContent } from "./message.ts";
import { createTopology, type Topology, type TopologyOptions } from "./topology.ts";

export interface Publisher {
  /** As `Broker.publish`. */
  publish(publication: Publication, passage?: Passage): Promise<void>;
  /** Sends a message into a queue, at once or not before `dueAt`. Rejects as `publish`. */
  toQueue(queue: string, content: Content, dueAt?: number): Promise<void>;
  /** What is known to exist on the connection there is now; null without one. */
  topology(): Topology | null;
}

/** A message on its way, with what it needs of its publication. */
interface Sending {
  readonly route: Route;
  readonly content: Content;
  readonly dueAt: number | undefined;
  readonly passage: Passage | undefined;
}

interface Parts {
  readonly session: Session;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly topology: TopologyOptions;
}

export function createPublisher({ session, outbox, clock, topology: topologyOptions }: Parts): Publisher {
  let topology: Topology | null = null;
  session.listen({
    up(link) {
      topology = createTopology(link, topologyOptions);
    },
    down() {
      topology = null;
    },
  });

  async function send({ route, content, dueAt, passage }: Sending): Promise<void> {
    if (passage?.depart !== undefined) await passage.depart();
    const known = topology;
    if (known === null) throw notConnected();
    const waitMs = dueAt === undefined ? 0 : dueAt - clock.now();
    if (waitMs > 0 && route.exchange !== "") throw undelayable(route);
    const way = { route, delayed: waitMs >= 1000 };
    if (way.delayed || !(route.exchange === "" && known.knows(route.routingKey))) {
      if (passage !== undefined) passage.withdraw = () => "RabbitMQ has not answered yet whether its queue exists";
      await ensure(known, way);
    }
    const message = outgoing(route, waitMs > 0 ? held(content, dueAt!) : content, waitMs);
    try {
      await outbox.send(message, passage);
    } catch (error) {
      if (!isUnroutable(error)) throw error;
      // The broker has thrown it away; queues that were deleted meanwhile are declared anew, once.
      known.forget(route.exchange === "" ? route.routingKey : route.exchange);
      await ensure(known, way);
      await outbox.send(message, passage);
    }
  }

  return {
    publish({ envelope, route, dueAt }, passage) {
      let content: Content;
      try {
        content = toContent(envelope);
      } catch (error) {
        return Promise.reject(error);
      }
      return send({ route, content, dueAt, passage });
    },
    toQueue: (queue, content, dueAt) => send({ route: { exchange: "", routingKey: queue }, content, dueAt, passage: undefined }),
    topology: () => topology,
  };
}

async function ensure(topology: Topology, { route, delayed }: { readonly route: Route; readonly delayed: boolean }): Promise<void> {
  try {
    if (route.exchange !== "") await topology.exchange(route.exchange);
    else if (delayed) await topology.delayedQueue(route.routingKey);
    else await topology.queue(route.routingKey);
  } catch (cause) {
    if (!BrokerError.is(cause)) throw cause;
    throw new PublishError("PUBLISH_REJECTED", `The broker does not have the message: ${cause.message}`, {
      cause,
      retryable: cause.code === "BROKER_UNREACHABLE",
    });
  }
}

function outgoing({ exchange, routingKey }: Route, { content, options }: Content, waitMs: number): Outgoing {
  if (waitMs < 1000) return { exchange, routingKey, content, options: { ...options, mandatory: true } };
  // Counted from the first delay queue on, an expiration would end the delay early.
  const { expiration: _, ...kept } = options;
  return { ...delayRoute(waitMs, routingKey), content, options: { ...kept, mandatory: true } };
}

/** The broken second of a delay is waited for by the consumer, which finds in this header until when. */
function held({ content, options }: Content, dueAt: number): Content {
  return { content, options: { ...options, headers: { ...options.headers, [dueHeader]: { "!": "long", value: Math.ceil(dueAt) } } } };
}

function isUnroutable(error: unknown): boolean {
  return PublishError.is(error) && error.code === "PUBLISH_UNROUTABLE";
}

function notConnected(): PublishError {
  return new PublishError("PUBLISH_REJECTED", "Not connected to RabbitMQ: nothing was sent", { retryable: true });
}

function undelayable({ exchange, routingKey }: Route): PublishError {
  return new PublishError(
    "PUBLISH_UNROUTABLE",
    `A delayed message cannot go through exchange ${exchange} (routing key ${routingKey}): on RabbitMQ delays lead to queues; name the queue`,
  );
}
