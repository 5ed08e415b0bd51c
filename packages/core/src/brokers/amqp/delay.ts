/**
 * Delays in whole seconds, as Celery 5.5 lays them out: level n is a queue in which a message waits 2^n seconds, and the 28 binary digits of the
 * delay, in front of the routing key, say at which levels it waits and which it passes by.
 */
import type { Channel } from "amqplib";
import { operationFailure, replyCode, replyCodeOf } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";

const levels = 28;
/** The longest delay, in seconds: 8.5 years. */
const longestDelaySeconds = 2 ** levels - 1;
const deliveryExchange = "celery_delayed_delivery";

/** Where a message enters to come out `delayMs` later, less the broken second, at `queue`. */
export function delayRoute(delayMs: number, queue: string): { readonly exchange: string; readonly routingKey: string } {
  const seconds = Math.min(Math.floor(delayMs / 1000), longestDelaySeconds);
  const digits = seconds.toString(2);
  const key = digits.padStart(levels, "0").split("").join(".");
  // Celery's producers enter at the highest level. The levels above the first 1 only pass it on, and cost the broker most of its work.
  return { exchange: levelName(digits.length - 1), routingKey: `${key}.${queue}` };
}

function levelName(level: number): string {
  return `celery_delayed_${level}`;
}

function levelBelow(level: number): string {
  return level === 0 ? deliveryExchange : levelName(level - 1);
}

/** Declares exchanges and queues of all levels, with the arguments Celery gives classic queues; queues that exist keep theirs. */
export async function declareDelays(link: Link): Promise<void> {
  try {
    await link.aside(async (channel) => {
      await channel.assertExchange(deliveryExchange, "topic", { durable: true });
      for (let level = 0; level < levels; level++) await channel.assertExchange(levelName(level), "topic", { durable: true });
      for (let level = 0; level < levels; level++) await bindDown(channel, level);
    });
    // Each on a channel of its own, for a refusal closes it; from the bottom, so that a message finds the whole way.
    for (let level = 0; level < levels; level++) await declareLevel(link, level);
  } catch (error) {
    throw operationFailure(error, "declare the delay queues");
  }
}

/** A digit 0 passes the level by. */
async function bindDown(channel: Channel, level: number): Promise<void> {
  await channel.bindExchange(levelBelow(level), levelName(level), pattern(level, "0"));
}

/** A digit 1 waits in the level's queue. */
async function declareLevel(link: Link, level: number): Promise<void> {
  const queue = levelName(level);
  const queueArguments = {
    "x-queue-type": "classic",
    "x-overflow": "reject-publish",
    "x-message-ttl": 2 ** level * 1000,
    "x-dead-letter-exchange": levelBelow(level),
  };
  try {
    await link.aside((channel) => channel.assertQueue(queue, { durable: true, arguments: queueArguments }));
  } catch (error) {
    // Celery declares quorum queues here unless told otherwise: they wait as long.
    if (replyCodeOf(error) !== replyCode.preconditionFailed) throw error;
  }
  await link.aside((channel) => channel.bindQueue(queue, queue, pattern(level, "1")));
}

/** Matches keys with `digit` at the place of `level`, counted from the right. */
function pattern(level: number, digit: "0" | "1"): string {
  return `${"*.".repeat(levels - 1 - level)}${digit}.#`;
}

/** Leads what comes out of the delays to `queue`: with the exact number of digits, for `#.q` would also take what is meant for `other.q`. */
export async function bindToDelays(link: Link, queue: string): Promise<void> {
  try {
    await link.aside((channel) => channel.bindQueue(queue, deliveryExchange, `${"*.".repeat(levels)}${queue}`));
  } catch (error) {
    throw operationFailure(error, `lead the delay exchanges to the queue ${queue}`);
  }
}
