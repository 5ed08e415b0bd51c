/**
 * Answers that lie in an exchange's bindings: whether a key is bound there is told by a message that is sent back or not, at no cost in errors and
 * logs. Asked on a channel of its own: were the exchange gone, a question would end other publications as well.
 */
import { randomUUID } from "node:crypto";
import { type Confirms, openConfirms } from "../../amqp/confirms.ts";
import type { Link } from "../../amqp/link.ts";
import { BrokerError, PublishError } from "../../errors.ts";

export interface BoundKeys {
  /** The connection on which the exchange is known to exist. Rejects as `declare`, or with BROKER_UNREACHABLE. */
  open(): Promise<Link>;
  /** Those of the keys that are bound. Rejects with what the broker gave. */
  of(keys: readonly string[]): Promise<ReadonlySet<string>>;
}

/** In one question: headers must fit into a frame. */
const mostAsked = 250;
/** So few are asked one by one. */
const few = 4;

/** `declare` makes the exchange, once for each connection. Whatever is bound there must keep no messages. */
export function createBoundKeys(exchange: string, currentLink: () => Link | null, declare: (link: Link) => Promise<void>): BoundKeys {
  let desk: { readonly link: Link; readonly confirms: Confirms } | null = null;

  async function open() {
    const link = currentLink();
    if (link === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
    if (desk?.link === link && desk.confirms.open) return desk;
    await declare(link);
    desk = { link, confirms: await openConfirms(link) };
    return desk;
  }

  /** Many are asked together, for mostly none is bound; where one is, halves are. */
  async function boundAmong(keys: readonly string[], confirms: Confirms): Promise<readonly string[]> {
    if (keys.length > few && keys.length <= mostAsked && !(await isAnyBound(keys, confirms))) return [];
    if (keys.length > few) {
      const half = keys.length >> 1;
      return (await Promise.all([keys.slice(0, half), keys.slice(half)].map((each) => boundAmong(each, confirms)))).flat();
    }
    const bound = await Promise.all(keys.map((key) => isAnyBound([key], confirms)));
    return keys.filter((_, index) => bound[index]);
  }

  /** RabbitMQ takes a message by each of the keys in its header CC. */
  async function isAnyBound([first, ...others]: readonly string[], confirms: Confirms): Promise<boolean> {
    // Tells apart which of several questions that begin with the same key comes back.
    const options = { mandatory: true, messageId: randomUUID(), ...(others.length === 0 ? {} : { CC: others }) };
    try {
      await confirms.send({ exchange, routingKey: first!, content: Buffer.alloc(0), options });
      return true;
    } catch (error) {
      if (PublishError.is(error) && error.code === "PUBLISH_UNROUTABLE") return false;
      throw error;
    }
  }

  return {
    open: async () => (await open()).link,
    async of(keys) {
      const { confirms } = await open();
      return new Set(await boundAmong(keys, confirms));
    },
  };
}
