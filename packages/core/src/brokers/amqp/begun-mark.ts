/**
 * Durable marks "a run of this suspect has begun". RabbitMQ cannot tell a message whose run died from one that was handed back, so for messages
 * with a count a mark is set before the run: a small empty queue named after the message, which a later redelivery looks for.
 */
import { createHash } from "node:crypto";
import { operationFailure, replyCode, replyCodeOf } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import { BrokerError } from "../../errors.ts";

/** By the identity of a message in its queue. All throw BROKER_UNREACHABLE or BROKER_REFUSED. */
export interface BegunMarks {
  set(identity: string): Promise<void>;
  isSet(identity: string): Promise<boolean>;
  /** Harmless when it is not set. */
  clear(identity: string): Promise<void>;
}

/** A mark nobody cleared goes by itself. */
const expiresMs = 7 * 24 * 3_600_000;

export function createBegunMarks(currentLink: () => Link | null): BegunMarks {
  const link = (): Link => {
    const current = currentLink();
    if (current === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
    return current;
  };
  return {
    async set(identity) {
      try {
        await link().aside((channel) => channel.assertQueue(queueOf(identity), { durable: true, expires: expiresMs }));
      } catch (error) {
        throw operationFailure(error, "mark a run as begun");
      }
    },
    async isSet(identity) {
      try {
        await link().aside((channel) => channel.checkQueue(queueOf(identity)));
        return true;
      } catch (error) {
        if (replyCodeOf(error) === replyCode.notFound) return false;
        throw operationFailure(error, "look whether a run had begun");
      }
    },
    async clear(identity) {
      try {
        await link().aside((channel) => channel.deleteQueue(queueOf(identity)));
      } catch (error) {
        throw operationFailure(error, "clear the mark of a run");
      }
    },
  };
}

function queueOf(identity: string): string {
  return `celeriac.begun.${createHash("sha256").update(identity).digest("base64url")}`;
}
