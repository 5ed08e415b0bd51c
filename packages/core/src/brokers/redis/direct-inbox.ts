/** Direct live exchanges, as kombu has them on Redis: a list for each who listens, which a binding set names, and which is gone when nobody reads it. */
import type { LiveExchange, SubscribeOptions } from "../../broker.ts";
import type { Route } from "../../envelope.ts";
import type { Logger } from "../../logger.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { bindingKey, boundQueues } from "./bindings.ts";
import { separator } from "./keys.ts";

export interface DirectInbox {
  /** Resolves when it hears; tells what comes, and closes the connection where it cannot any more. */
  open(connection: RedisConnection, told: (payload: Buffer) => void): Promise<void>;
  remove(connection: RedisConnection): Promise<void>;
}

/** What nobody took, its reader having died, goes after so long: Celery's control_queue_ttl. */
const listTtlSeconds = 300;
const waitSeconds = 1;

export function directInbox(exchange: LiveExchange, { routingKey = "", queueName }: SubscribeOptions): DirectInbox {
  const list = queueName(routingKey);
  const key = bindingKey(exchange.name);
  const member = [routingKey, "", list].join(separator);

  async function read(connection: RedisConnection, told: (payload: Buffer) => void): Promise<void> {
    while (connection.isOpen) {
      const popped = (await connection.callBytes("BRPOP", list, waitSeconds)) as readonly [Buffer, Buffer] | null;
      if (popped !== null) told(popped[1]);
    }
  }

  return {
    async open(connection, told) {
      await connection.call("SADD", key, member);
      read(connection, told).catch((error: unknown) => connection.close(error));
    },
    async remove(connection) {
      await Promise.all([connection.call("SREM", key, member), connection.call("DEL", list)]);
    },
  };
}

/** Nobody bound is no error. */
export async function tellDirectly(
  connection: RedisConnection,
  { exchange, routingKey }: Route,
  raw: string,
  logger: Logger,
): Promise<void> {
  const members = (await connection.call("SMEMBERS", bindingKey(exchange))) as string[];
  for (const list of boundQueues(members, routingKey, logger)) {
    await Promise.all([connection.call("LPUSH", list, raw), connection.call("EXPIRE", list, listTtlSeconds)]);
  }
}
