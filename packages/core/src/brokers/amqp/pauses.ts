/**
 * Which queues a worker of ours may not take from. RabbitMQ knows no such thing, so a paused queue is a binding, by the queue's name, of an
 * exchange that is there for nothing else: it lasts, everyone sees it, and whether it is there is told by a message that is sent back or not.
 */
import { type Confirms, openConfirms } from "../../amqp/confirms.ts";
import { operationFailure } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import { within } from "../../amqp/patience.ts";
import type { Clock } from "../../clock.ts";
import { BrokerError, PublishError } from "../../errors.ts";

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

/** The channel on which questions are asked. Not that of other publications: were the exchange gone, a question would end them as well. */
interface Desk {
  readonly link: Link;
  readonly confirms: Confirms;
}

export function createPauses(currentLink: () => Link | null, clock: Clock): Pauses {
  let desk: Desk | null = null;

  async function open(): Promise<Desk> {
    const link = currentLink();
    if (link === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
    if (desk?.link === link && desk.confirms.open) return desk;
    await declare(link);
    desk = { link, confirms: await openConfirms(link) };
    return desk;
  }

  async function asking<T>(what: string, work: (desk: Desk) => Promise<T>): Promise<T> {
    try {
      return await within(clock, answerLimitMs, open().then(work));
    } catch (error) {
      throw operationFailure(error, what);
    }
  }

  return {
    add: (queue) =>
      asking(`pause the queue ${queue}`, async ({ link }) => {
        await link.aside((channel) => channel.bindQueue(pausedName, pausedName, queue));
      }),
    remove: (queue) =>
      asking(`resume the queue ${queue}`, async ({ link }) => {
        await link.aside((channel) => channel.unbindQueue(pausedName, pausedName, queue));
      }),
    of: (queues) =>
      asking("tell which queues are paused", async ({ confirms }) => {
        const paused = await Promise.all(queues.map((queue) => isPaused(queue, confirms)));
        return new Set(queues.filter((_, index) => paused[index]));
      }),
  };
}

async function declare(link: Link): Promise<void> {
  await link.aside(async (channel) => {
    await channel.assertExchange(pausedName, "direct", { durable: true });
    await channel.assertQueue(pausedName, { durable: true, messageTtl: 0, maxLength: 1 });
  });
}

async function isPaused(queue: string, confirms: Confirms): Promise<boolean> {
  try {
    await confirms.send({ exchange: pausedName, routingKey: queue, content: Buffer.alloc(0), options: { mandatory: true } });
    return true;
  } catch (error) {
    if (PublishError.is(error) && error.code === "PUBLISH_UNROUTABLE") return false;
    throw error;
  }
}
