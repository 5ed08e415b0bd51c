/** What can be told of queues over AMQP. */

import type { Channel } from "amqplib";
import { replyCode, replyCodeOf } from "../../amqp/failure.ts";
import { ask, type Link } from "../../amqp/link.ts";
import type { Queues } from "../../broker.ts";
import type { Envelope } from "../../envelope.ts";
import { BrokerError } from "../../errors.ts";
import { type PauseStore, pausingQueues } from "../../pauses.ts";
import type { HandedBack } from "./handed-back.ts";
import { identityOf, toEnvelope } from "./message.ts";

/** Each as long as the server takes to answer. */
const mostLooks = 100;

export function createQueues(currentLink: () => Link | null, handedBack: HandedBack, pauses: PauseStore): Queues {
  const link = (): Link => {
    const current = currentLink();
    if (current === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
    return current;
  };
  return {
    length: (queue) =>
      orWhenMissing(0, async () => (await ask(link(), `look at the queue ${queue}`, (channel) => channel.checkQueue(queue))).messageCount),
    // To read a message's timestamp it would have to be taken and given back, which marks it as redelivered each time.
    oldestAge: async () => null,
    purge: (queue) =>
      orWhenMissing(0, async () => (await ask(link(), `purge the queue ${queue}`, (channel) => channel.purgeQueue(queue))).messageCount),
    peek: (queue, limit) => orWhenMissing([], () => peek(link(), { queue, limit, handedBack })),
    // Only its management plugin tells them.
    list: async () => null,
    bindings: async () => null,
    ...pausingQueues(pauses),
  };
}

/** Takes them and gives them back to the head: RabbitMQ marks them as redelivered, so that another process will count them once. */
function peek(
  link: Link,
  { queue, limit, handedBack }: { queue: string; limit: number; handedBack: HandedBack },
): Promise<readonly Envelope[]> {
  return ask(link, `look into the queue ${queue}`, async (channel) => {
    const envelopes: Envelope[] = [];
    let behind = 0;
    while (envelopes.length < limit) {
      const message = await channel.get(queue, { noAck: false });
      if (message === false) break;
      handedBack.remember(identityOf(queue, message));
      envelopes.push(toEnvelope(message));
      behind = message.fields.messageCount;
    }
    if (envelopes.length === 0) return envelopes;
    channel.nackAll(true);
    await untilCounted(channel, queue, behind + envelopes.length);
    return envelopes;
  });
}

/** A quorum queue takes back what it is given after it has answered the next question: who asks then would not find it. Somebody else may take it first. */
async function untilCounted(channel: Channel, queue: string, count: number): Promise<void> {
  for (let look = 0; look < mostLooks; look++) {
    if ((await channel.checkQueue(queue)).messageCount >= count) return;
  }
}

async function orWhenMissing<T>(nothing: T, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (BrokerError.is(error) && replyCodeOf(error.cause) === replyCode.notFound) return nothing;
    throw error;
  }
}
