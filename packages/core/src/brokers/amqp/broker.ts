/** RabbitMQ as a broker: one connection publishes, another consumes, so that a broker which takes no publications still gets acknowledgements. */

import { type ConnectionOptions, parseAmqpUrls } from "../../amqp/address.ts";
import { createFailover, type FailoverStrategy } from "../../amqp/failover.ts";
import { operationFailure } from "../../amqp/failure.ts";
import { ask } from "../../amqp/link.ts";
import { createOutbox } from "../../amqp/outbox.ts";
import { atMost, within } from "../../amqp/patience.ts";
import { createSession } from "../../amqp/session.ts";
import type { Broker, Consumer, Passage, Publication } from "../../broker.ts";
import type { DriverContext } from "../../driver.ts";
import { BrokerError, PublishError } from "../../errors.ts";
import { pausingTasks } from "../../pauses.ts";
import { plainQueues, type QueueTable } from "../../queue-table.ts";
import { createBegunMarks } from "./begun-mark.ts";
import { createBroadcasts } from "./broadcasts.ts";
import { openConsumer } from "./consumer.ts";
import { createHandedBack } from "./handed-back.ts";
import { type HoldTiming, holdTiming } from "./hold/timing.ts";
import { createPauses } from "./pauses.ts";
import { createPublisher } from "./publisher.ts";
import { createQueues } from "./queues.ts";

export interface AmqpBrokerOptions {
  /** Where results go; RabbitMQ stores none, so they never settle with the delivery. */
  readonly resultUrl: string | null;
  /** What queues and exchanges are declared with; every name is a queue of its own unless told. */
  readonly queues?: QueueTable;
  readonly connection?: Partial<ConnectionOptions>;
  /** In which order several servers are tried; "round-robin" unless told. */
  readonly failover?: FailoverStrategy;
  /** "hold" unless told: messages of long tasks are held apart from the connection */
  readonly longTasks?: "hold" | "connection";
  /** shorter in tests */
  readonly holdTiming?: HoldTiming;
}

/** How long `close` waits for confirmations of what was sent. */
const flushLimitMs = 5_000;
const healthLimitMs = 5_000;

/** `url`: one, or several with `;` between them, of the nodes of one cluster. Throws CONFIG_URL. Connects nothing yet. */
export function createAmqpBroker(url: string, context: DriverContext, options: AmqpBrokerOptions): Broker {
  const { clock, logger } = context;
  const servers = createFailover(parseAmqpUrls(url, options.connection, context.credentials), options.failover);
  const publishing = createSession(servers, context, "celeriac publish");
  const consuming = createSession(servers, context, "celeriac consume");
  const outbox = createOutbox(publishing, context);
  const topology = { queues: options.queues ?? plainQueues, logger, told: new Set<string>() };
  const publisher = createPublisher({ session: publishing, outbox, clock, topology });
  const handedBack = createHandedBack(clock);
  const marks = createBegunMarks(() => consuming.link);
  const pauses = createPauses(() => publishing.link, clock);
  const broadcasts = createBroadcasts({ publishing, consuming, context });
  const timing = options.holdTiming ?? holdTiming;
  const consumers = new Set<Consumer>();
  const inFlight = new Set<Promise<void>>();
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    await Promise.all([broadcasts, ...consumers].map((each) => each.close()));
    await atMost(clock, flushLimitMs, Promise.allSettled(inFlight));
    await Promise.all([publishing.close(), consuming.close()]);
  }

  function publish(publication: Publication, passage?: Passage): Promise<void> {
    if (closing !== null) return Promise.reject(new PublishError("PUBLISH_REJECTED", "The broker's driver was closed: nothing was sent"));
    const sending = publisher.publish(publication, passage);
    inFlight.add(sending);
    const forget = () => void inFlight.delete(sending);
    sending.then(forget, forget);
    return sending;
  }

  function refuseIfClosed(): void {
    if (closing !== null) throw new BrokerError("BROKER_CLOSED", "The broker's driver was closed");
  }

  return {
    settlesResults: false,
    parksOnPublish: false,
    tellsPauses: false,
    get connected() {
      return closing === null && outbox.ready;
    },
    connect: () => outbox.connect(),
    publish,
    async declare(queue) {
      refuseIfClosed();
      const known = publisher.topology();
      if (known === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
      await known.queue(queue);
    },
    async consume(queues, consumeOptions) {
      refuseIfClosed();
      // Settlements publish: without that connection nothing could be settled but by acknowledgement.
      await outbox.connect();
      let opened: Consumer | null = null;
      const parts = {
        session: consuming,
        clock,
        logger,
        topology,
        pauses,
        hold: options.longTasks === "connection" ? null : { outbox, timing, publishingLink: () => publishing.link },
        delivery: { publisher, marks, handedBack, clock, logger },
        closed: () => opened !== null && consumers.delete(opened),
      };
      opened = await openConsumer(parts, queues, consumeOptions);
      consumers.add(opened);
      if (closing !== null) await opened.close();
      return opened;
    },
    broadcast(exchange, routingKey, envelope) {
      if (closing !== null) return Promise.reject(new PublishError("PUBLISH_REJECTED", "The broker's driver was closed: nothing was sent"));
      return broadcasts.broadcast(exchange, routingKey, envelope);
    },
    async subscribe(exchange, subscribeOptions) {
      refuseIfClosed();
      return await broadcasts.subscribe(exchange, subscribeOptions);
    },
    // Rather on the connection from which a broker out of memory still reads.
    queues: createQueues(() => consuming.link ?? publishing.link, handedBack, pauses),
    pausedTasks: pausingTasks(pauses),
    async health() {
      refuseIfClosed();
      const { link } = publishing;
      if (link === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
      if (link.blocked !== null) throw new BrokerError("BROKER_BLOCKED", `RabbitMQ takes no publications now: ${link.blocked}`);
      const answer = ask(link, "answer", (channel) => channel.checkExchange("amq.direct"));
      await within(clock, healthLimitMs, answer).catch((error) => {
        throw operationFailure(error, "answer");
      });
    },
    async facts() {
      refuseIfClosed();
      const { link } = publishing;
      if (link === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
      // It tells nobody the time, and of persistence each queue and message says its own.
      return { software: link.software, skewMs: null, persistent: null };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
