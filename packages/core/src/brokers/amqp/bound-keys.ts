/**
 * Answers that lie in an exchange's bindings: whether a key is bound there is told by a message that is sent back or not, at no cost in errors and
 * logs. Asked on a channel of its own: were the exchange gone, a question would end other publications as well.
 */
import { type Confirms, openConfirms } from "../../amqp/confirms.ts";
import type { Link } from "../../amqp/link.ts";
import { BrokerError, PublishError } from "../../errors.ts";

export interface BoundKeys {
  /** The connection on which the exchange is known to exist. Rejects as `declare`, or with BROKER_UNREACHABLE. */
  open(): Promise<Link>;
  /** Those of the keys that are bound. Rejects with what the broker gave. */
  of(keys: readonly string[]): Promise<ReadonlySet<string>>;
}

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

  async function isBound(key: string, confirms: Confirms): Promise<boolean> {
    try {
      await confirms.send({ exchange, routingKey: key, content: Buffer.alloc(0), options: { mandatory: true } });
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
      const bound = await Promise.all(keys.map((key) => isBound(key, confirms)));
      return new Set(keys.filter((_, index) => bound[index]));
    },
  };
}
