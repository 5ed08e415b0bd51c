/** What can be told of queues over AMQP. */

import { replyCode, replyCodeOf } from "../../amqp/failure.ts";
import { ask, type Link } from "../../amqp/link.ts";
import type { Queues } from "../../broker.ts";
import type { Envelope } from "../../envelope.ts";
import { BrokerError } from "../../errors.ts";
import { type PauseStore, pausingQueues } from "../../pauses.ts";
import type { HandedBack } from "./handed-back.ts";
import { identityOf, toEnvelope } from "./message.ts";

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
    while (envelopes.length < limit) {
      const message = await channel.get(queue, { noAck: false });
      if (message === false) break;
      handedBack.remember(identityOf(queue, message));
      envelopes.push(toEnvelope(message));
    }
    channel.nackAll(true);
    return envelopes;
  });
}

async function orWhenMissing<T>(nothing: T, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (BrokerError.is(error) && replyCodeOf(error.cause) === replyCode.notFound) return nothing;
    throw error;
  }
}
