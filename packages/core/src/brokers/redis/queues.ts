/** What can be told of queues without consuming them. */
import type { Queues } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { type Envelope, wrapUnreadable } from "../../envelope.ts";
import { type PauseStore, pausingQueues } from "../../pauses.ts";
import { queueNames } from "../../queue-table.ts";
import type { Ask } from "../../redis/ask.ts";
import { readBindings } from "./bindings.ts";
import { decodeEnvelope } from "./envelope-json.ts";
import { listsOf, pausedKey } from "./keys.ts";
import { purgeList } from "./purge.ts";

export function createQueues(ask: Ask, clock: Clock, pauses: PauseStore): Queues {
  return {
    length: (queue) =>
      ask(async (connection) => {
        const lengths = await Promise.all(listsOf(queue).map((list) => connection.call("LLEN", list)));
        return lengths.reduce((sum: number, length) => sum + Number(length), 0);
      }),
    oldestAge: (queue) =>
      ask(async (connection) => {
        const heads = (await Promise.all(listsOf(queue).map((list) => connection.callBytes("LINDEX", list, -1)))) as (Buffer | null)[];
        const head = heads.find((raw) => raw !== null);
        const sentAt = head == null ? null : timestampOf(head);
        return sentAt === null ? null : Math.max(0, clock.now() - sentAt);
      }),
    purge: (queue) =>
      ask(async (connection) => {
        const purged = await Promise.all(listsOf(queue).map((list) => purgeList(list, connection)));
        return purged.reduce((sum, count) => sum + count, 0);
      }),
    peek: (queue, limit) =>
      ask(async (connection) => {
        if (limit <= 0) return [];
        const tails = await Promise.all(listsOf(queue).map((list) => connection.callBytes("LRANGE", list, -limit, -1)));
        const raws = (tails as Buffer[][]).flatMap((tail) => tail.reverse());
        return raws.slice(0, limit).map(envelopeOf);
      }),
    list: () =>
      ask(async (connection) => {
        const [bindings, paused] = await Promise.all([readBindings(connection), connection.call("SMEMBERS", pausedKey)]);
        return queueNames([...bindings.map(({ queue }) => queue), ...(paused as string[])]);
      }),
    bindings: () => ask(readBindings),
    ...pausingQueues(pauses),
  };
}

export function createPauses(ask: Ask): PauseStore {
  return {
    add: (entry) => ask(async (connection) => void (await connection.call("SADD", pausedKey, entry))),
    remove: (entry) => ask(async (connection) => void (await connection.call("SREM", pausedKey, entry))),
    of: (entries) =>
      ask(async (connection) => {
        const paused = new Set((await connection.call("SMEMBERS", pausedKey)) as string[]);
        return new Set(entries.filter((entry) => paused.has(entry)));
      }),
  };
}

function envelopeOf(raw: Buffer): Envelope {
  try {
    return decodeEnvelope(raw.toString()).envelope;
  } catch {
    return wrapUnreadable(raw);
  }
}

/** Epoch ms when the producer sent it, from the header or property `timestamp` (epoch seconds), which Celery does not send by itself. */
function timestampOf(raw: Buffer): number | null {
  try {
    const { headers, properties } = JSON.parse(raw.toString()) as {
      readonly [part in "headers" | "properties"]?: { readonly timestamp?: unknown };
    };
    const timestamp = headers?.timestamp ?? properties?.timestamp;
    return typeof timestamp === "number" && timestamp > 0 ? timestamp * 1_000 : null;
  } catch {
    return null;
  }
}
