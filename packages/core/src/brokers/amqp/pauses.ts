/**
 * Which queues a worker of ours may not take from. RabbitMQ knows no such thing, so a paused queue is a binding, by the queue's name, of an
 * exchange that is there for nothing else: it lasts, and everyone can ask for it.
 */
import type { Channel } from "amqplib";
import { operationFailure } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import { within } from "../../amqp/patience.ts";
import type { Clock } from "../../clock.ts";
import { createBoundKeys } from "./bound-keys.ts";

/** All throw BROKER_UNREACHABLE, BROKER_REFUSED. */
export interface Pauses {
  add(queue: string): Promise<void>;
  remove(queue: string): Promise<void>;
  /** Those of the queues that are paused. Fails after 5 s while the broker takes no publications. */
  of(queues: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Names the exchange, and the queue at its bindings' end, which keeps nothing. */
const pausedName = "celeriac.paused";
const answerLimitMs = 5_000;

export function createPauses(currentLink: () => Link | null, clock: Clock): Pauses {
  const bindings = createBoundKeys(pausedName, currentLink, declare);

  async function asking<T>(what: string, answer: () => Promise<T>): Promise<T> {
    try {
      return await within(clock, answerLimitMs, answer());
    } catch (error) {
      throw operationFailure(error, what);
    }
  }

  async function aside(work: (channel: Channel) => Promise<unknown>): Promise<void> {
    await (await bindings.open()).aside(work);
  }

  return {
    add: (queue) => asking(`pause the queue ${queue}`, () => aside((channel) => channel.bindQueue(pausedName, pausedName, queue))),
    remove: (queue) => asking(`resume the queue ${queue}`, () => aside((channel) => channel.unbindQueue(pausedName, pausedName, queue))),
    of: (queues) => asking("tell which queues are paused", () => bindings.of(queues)),
  };
}

async function declare(link: Link): Promise<void> {
  await link.aside(async (channel) => {
    await channel.assertExchange(pausedName, "direct", { durable: true });
    await channel.assertQueue(pausedName, { durable: true, messageTtl: 0, maxLength: 1 });
  });
}
