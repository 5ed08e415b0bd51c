/**
 * Fanout exchanges, as kombu has them: what is published is told on a channel, and only who listens at that moment gets it. A worker of ours
 * puts what it hears into the lists of its queues that are bound to the exchange, from which it is claimed like everything else.
 */
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { broadcastOf, type QueueDeclaration } from "../../queue-table.ts";
import { literalGlob } from "../../redis/glob.ts";
import { decodeEnvelope, wirePriority } from "./envelope-json.ts";
import { fanoutChannel, listOf, stepOf } from "./keys.ts";
import { putOnce } from "./put.ts";
import type { Session } from "./session.ts";

export interface FanoutOptions {
  readonly session: Session;
  readonly db: number;
  /** the queues that are consumed */
  readonly queues: readonly QueueDeclaration[];
  readonly logger: Logger;
}

/** Resolves when it hears. The subscriptions end with the session. Rejects when the server refuses them. */
export async function listenToFanouts({ session, db, queues, logger }: FanoutOptions): Promise<void> {
  const patterns = new Map<string, string[]>();
  for (const { name, bindings } of queues) {
    for (const { exchange, exchangeType } of bindings) {
      if (exchangeType !== "fanout") continue;
      const channel = literalGlob(fanoutChannel(db, exchange, ""));
      // A fanout exchange leads on whatever the routing key is, which kombu writes into the channel.
      for (const pattern of [channel, `${channel}/*`]) patterns.set(pattern, [...(patterns.get(pattern) ?? []), name]);
    }
  }
  if (patterns.size === 0) return;
  await session.listen([...patterns.keys()], (pattern, payload) => {
    for (const queue of patterns.get(pattern) ?? []) {
      put(session, queue, payload).catch((error: unknown) =>
        logger.warn("A broadcast was heard and could not be put into its queue", { queue, reason: reasonOf(error) }),
      );
    }
  });
}

/** Workers that share a queue all hear it: the guard lets one of them put it there. */
async function put(session: Session, queue: string, payload: Buffer): Promise<void> {
  let list = listOf(queue, 0);
  let guard = "";
  try {
    const { priority, deliveryTag } = decodeEnvelope(payload.toString()).envelope.properties;
    list = listOf(queue, stepOf(wirePriority(priority)));
    if (deliveryTag !== "" && broadcastOf(queue) === null) guard = deliveryTag;
  } catch {
    // Its consumer will find that it is no message, and say so.
  }
  await (guard === "" ? session.data.call("LPUSH", list, payload) : putOnce(list, payload, guard, session.data));
}
