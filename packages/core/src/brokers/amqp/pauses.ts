/**
 * What operators have paused. RabbitMQ knows no such thing, so what is paused is a binding, by its name, of an exchange that is there for nothing
 * else: it lasts, and everyone can ask for it.
 */
import type { Channel } from "amqplib";
import { operationFailure } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import { within } from "../../amqp/patience.ts";
import type { Clock } from "../../clock.ts";
import type { PauseStore } from "../../pauses.ts";
import { createBoundKeys } from "./bound-keys.ts";

/** Names the exchange, and the queue at its bindings' end, which keeps nothing. */
const pausedName = "celeriac.paused";
const answerLimitMs = 5_000;

/** All throw BROKER_UNREACHABLE, BROKER_REFUSED; `of` fails after 5 s while the broker takes no publications. */
export function createPauses(currentLink: () => Link | null, clock: Clock): PauseStore {
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
    add: (entry) => asking(`pause ${entry}`, () => aside((channel) => channel.bindQueue(pausedName, pausedName, entry))),
    remove: (entry) => asking(`resume ${entry}`, () => aside((channel) => channel.unbindQueue(pausedName, pausedName, entry))),
    of: (entries) => asking("tell what is paused", () => bindings.of(entries)),
  };
}

async function declare(link: Link): Promise<void> {
  await link.aside(async (channel) => {
    await channel.assertExchange(pausedName, "direct", { durable: true });
    await channel.assertQueue(pausedName, { durable: true, messageTtl: 0, maxLength: 1 });
  });
}
