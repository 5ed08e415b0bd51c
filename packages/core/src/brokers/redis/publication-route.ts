/** Where a publication goes in Redis: there are no exchanges, only kombu's binding sets, so the producer looks up the queues itself. */
import type { Publication } from "../../broker.ts";
import { PublishError, reasonOf } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { encodeEnvelope, wirePriority } from "./envelope-json.ts";
import { bindingKey, boundQueues, delayKey, listOf, publishedKey, stepOf } from "./keys.ts";

/** One message for one list. */
export interface Placement {
  readonly queue: string;
  readonly list: string;
  readonly raw: string;
  /** "" = unguarded */
  readonly guardKey: string;
  /** null = at once */
  readonly parked: { readonly delayKey: string; readonly tag: string; readonly dueAt: number; readonly suffix: string } | null;
}

/** The list item of a publication. Throws PUBLISH_ENCODE. */
export function encodePublication({ envelope, route }: Publication): string {
  try {
    return encodeEnvelope(envelope, route);
  } catch (cause) {
    throw new PublishError("PUBLISH_ENCODE", `The headers cannot be written as JSON: ${reasonOf(cause)}`, { cause });
  }
}

/** The queues a route leads to: with exchange "" the one that its key names, else those bound, looked up each time as kombu does. Throws PUBLISH_UNROUTABLE. */
export async function routedQueues({ route }: Publication, connection: RedisConnection): Promise<readonly string[]> {
  if (route.exchange === "") return [route.routingKey];
  const members = (await connection.call("SMEMBERS", bindingKey(route.exchange))) as string[];
  const queues = boundQueues(members, route.routingKey);
  if (queues.length > 0) return queues;
  throw new PublishError(
    "PUBLISH_UNROUTABLE",
    `No queue is bound to exchange ${JSON.stringify(route.exchange)} for key ${JSON.stringify(route.routingKey)}`,
  );
}

/** One message for one queue, at once or parked. `nowMs` only decides whether it is due already; the server's clock frees it. */
export function place(publication: Publication, queue: string, nowMs: number): Placement {
  const { envelope, dueAt, guarded } = publication;
  const list = listOf(queue, stepOf(wirePriority(envelope.properties.priority)));
  const tag = envelope.properties.deliveryTag;
  return {
    queue,
    list,
    raw: encodePublication(publication),
    guardKey: guarded === true ? publishedKey(list, tag) : "",
    // The list in the tag keeps apart what one exchange put into two queues; the same publication twice is one.
    parked:
      dueAt === undefined || dueAt <= nowMs
        ? null
        : { delayKey: delayKey(list), tag: `${tag}:${list}`, dueAt, suffix: tripleSuffix(queue) },
  };
}

/** The end of kombu's triple `[message, exchange, routing key]`, without a quotation mark inside its texts: `park.lua` says why. */
export function tripleSuffix(queue: string): string {
  const key = JSON.stringify(queue).replace(/\\(.)/g, (escaped, sign) => (sign === '"' ? "\\u0022" : escaped));
  return `,"",${key}]`;
}
