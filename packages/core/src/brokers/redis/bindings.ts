/**
 * kombu's binding sets. Redis has no exchanges: whoever publishes reads from a set which queues an exchange feeds. A member is routing key,
 * pattern and queue; the pattern is kombu's regular expression for the keys of a topic exchange, and empty for other exchanges.
 */
import type { QueueBinding } from "../../broker.ts";
import type { Logger } from "../../logger.ts";
import type { Binding, QueueDeclaration } from "../../queue-table.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isReply } from "../../redis/failure.ts";
import { literalGlob } from "../../redis/glob.ts";
import { meets, type Place } from "../../wildcards.ts";
import { separator } from "./keys.ts";
import { readTopicPattern, topicPattern } from "./topic-pattern.ts";

/** A key of kombu's set and one of its members. */
export interface BoundMember {
  readonly key: string;
  readonly member: string;
}

/** The set of the queues that an exchange feeds. */
export function bindingKey(exchange: string): string {
  return `_kombu.binding.${exchange}`;
}

/** What kombu writes when it declares the queue; nothing for broadcasts, which are heard and not looked up. */
export function boundMembers({ name, bindings, kind }: QueueDeclaration): readonly BoundMember[] {
  if (kind === "broadcast" || kind === "copy") return [];
  return bindings.map((binding) => ({ key: bindingKey(binding.exchange), member: memberOf(binding, name) }));
}

/** Bindings are how a Python process knows which queues there are. A full server takes none, and is drained all the same. */
export async function announce(queue: QueueDeclaration, connection: RedisConnection): Promise<void> {
  for (const { key, member } of boundMembers(queue)) {
    await connection.call("SADD", key, member).catch((error: unknown) => {
      if (!isReply(error)) throw error;
    });
  }
}

function memberOf({ exchangeType, routingKey }: Binding, queue: string): string {
  return [routingKey, exchangeType === "topic" ? topicPattern(routingKey) : "", queue].join(separator);
}

/** What remote control and events are bound by: no queues of tasks. */
const ownExchanges: ReadonlySet<string> = new Set(["celery.pidbox", "reply.celery.pidbox", "celeryev"]);
const scannedAtOnce = 1_000;

/** All bindings of queues of tasks. Looks at every key of the database, page by page. */
export async function readBindings(connection: RedisConnection): Promise<readonly QueueBinding[]> {
  const prefix = bindingKey("");
  const keys = new Set((await Promise.all(connection.servers.map((server) => scanSets(server, prefix)))).flat());
  const exchanges = [...keys].map((key) => key.slice(prefix.length)).filter((exchange) => !ownExchanges.has(exchange));
  const found = await Promise.all(
    exchanges.sort().map(async (exchange) => {
      const members = (await connection.call("SMEMBERS", bindingKey(exchange))) as string[];
      return members.sort().flatMap((member) => bindingOf(exchange, member));
    }),
  );
  return found.flat();
}

/** The sets of one server whose keys begin with `prefix`; a key may come twice. */
async function scanSets(server: RedisConnection, prefix: string): Promise<readonly string[]> {
  const { keyPrefix } = server;
  const pattern = `${literalGlob(keyPrefix + prefix)}*`;
  const keys: string[] = [];
  for (let cursor = "0"; ; ) {
    const reply = await server.call("SCAN", cursor, "MATCH", pattern, "COUNT", scannedAtOnce, "TYPE", "set");
    const [next, page] = reply as [string, string[]];
    keys.push(...page.map((key) => key.slice(keyPrefix.length)));
    cursor = next;
    if (cursor === "0") return keys;
  }
}

/** kombu writes no type, but only topic exchanges have patterns. */
function bindingOf(exchange: string, member: string): readonly QueueBinding[] {
  const [routingKey = "", pattern, queue] = member.split(separator);
  return queue === undefined || queue === "" ? [] : [{ exchange, type: pattern === "" ? null : "topic", routingKey, queue }];
}

/** The queues, each once, that the members of a set feed for a routing key. */
export function boundQueues(members: readonly string[], routingKey: string, logger: Logger): readonly string[] {
  const queues = new Set<string>();
  for (const member of members) {
    const [key, pattern, queue] = member.split(separator);
    if (queue === undefined || queue === "") continue;
    if (pattern ? meets(placesOf(pattern, logger), routingKey) : key === routingKey) queues.add(queue);
  }
  return [...queues];
}

/** Read once: a few patterns meet many keys. */
const known = new Map<string, readonly Place[]>();
const mostKnown = 1_000;
/** Met by no routing key. */
const nothing: readonly Place[] = [() => false];
const mostShown = 200;

function placesOf(pattern: string, logger: Logger): readonly Place[] {
  const read = known.get(pattern);
  if (read !== undefined) return read;
  const places = readTopicPattern(pattern);
  if (places === null)
    logger.warn("A binding in Redis has a pattern that kombu does not make: it leads nowhere", { pattern: pattern.slice(0, mostShown) });
  if (known.size >= mostKnown) known.clear();
  known.set(pattern, places ?? nothing);
  return places ?? nothing;
}
