/** Where a publication goes in Redis: there are no exchanges, only kombu's binding sets, so the producer looks up the queues itself. */
import type { Publication } from "../../broker.ts";
import { PublishError, reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { QueueTable } from "../../queue-table.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { bindingKey, boundMembers, boundQueues } from "./bindings.ts";
import { encodeEnvelope, wirePriority } from "./envelope-json.ts";
import { fanoutChannel, listOf, stepOf } from "./keys.ts";

/** What an app knows of the exchanges of one database. */
export interface Exchanges {
  readonly queues: QueueTable;
  readonly db: number;
  readonly logger: Logger;
}

/** One message for one list. */
export interface Placement {
  /** A queue that may be new: its binding tells others of it. null: it was found by a binding. */
  readonly named: string | null;
  readonly list: string;
  readonly raw: string;
  readonly tag: string;
  readonly isGuarded: boolean;
  /** null = at once */
  readonly parked: { readonly tag: string; readonly dueAt: number; readonly suffix: string } | null;
}

/** The list item of a publication. Throws PUBLISH_ENCODE. */
export function encodePublication({ envelope, route }: Publication): string {
  try {
    return encodeEnvelope(envelope, route);
  } catch (cause) {
    throw new PublishError("PUBLISH_ENCODE", `The headers cannot be written as JSON: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * The queues a route leads to: with exchange "" the one that its key names, else those bound, looked up each time as kombu does. Bindings that
 * the app declares and the set has not are made. Throws PUBLISH_UNROUTABLE.
 */
export async function routedQueues(
  { route: { exchange, routingKey } }: Publication,
  connection: RedisConnection,
  { queues, logger }: Exchanges,
): Promise<readonly string[]> {
  if (exchange === "") return [routingKey];
  const key = bindingKey(exchange);
  const members = new Set((await connection.call("SMEMBERS", key)) as string[]);
  const declared = queues.boundTo(exchange).flatMap(boundMembers);
  const missing = declared.filter((bound) => bound.key === key && !members.has(bound.member)).map(({ member }) => member);
  if (missing.length > 0) await connection.call("SADD", key, ...missing);
  const found = boundQueues([...members, ...missing], routingKey, logger);
  if (found.length > 0) return found;
  throw new PublishError(
    "PUBLISH_UNROUTABLE",
    `No queue is bound to exchange ${JSON.stringify(exchange)} for key ${JSON.stringify(routingKey)}`,
  );
}

/** The channel on which a message for a fanout exchange is told; null: it goes into lists. */
export function channelOf({ route }: Publication, { queues, db }: Exchanges): string | null {
  if (route.exchange === "" || queues.exchangeType(route.exchange) !== "fanout") return null;
  return fanoutChannel(db, route.exchange, route.routingKey);
}

/** One message for one queue, at once or parked. `nowMs` only decides whether it is due already; the server's clock frees it. */
export function place(publication: Publication, queue: string, nowMs: number): Placement {
  const { envelope, route, dueAt, guarded } = publication;
  const list = listOf(queue, stepOf(wirePriority(envelope.properties.priority)));
  const tag = envelope.properties.deliveryTag;
  return {
    named: route.exchange === "" ? queue : null,
    list,
    raw: encodePublication(publication),
    tag,
    isGuarded: guarded === true,
    // The list in the tag keeps apart what one exchange put into two queues; the same publication twice is one.
    parked: dueAt === undefined || dueAt <= nowMs ? null : { tag: `${tag}:${list}`, dueAt, suffix: tripleSuffix(queue) },
  };
}

/** The end of kombu's triple `[message, exchange, routing key]`, without a quotation mark inside its texts: `park.lua` says why. */
export function tripleSuffix(queue: string): string {
  const key = JSON.stringify(queue).replace(/\\(.)/g, (escaped, sign) => (sign === '"' ? "\\u0022" : escaped));
  return `,"",${key}]`;
}
