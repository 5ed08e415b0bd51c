/**
 * Dead letters, for those who look after them: what lies in the queue beside a queue, and how it goes back or away. Nothing is asked of a broker
 * but what a worker asks: letters are taken, and each is settled in one step, so that whoever is killed in the middle loses none.
 */
import { randomUUID } from "node:crypto";
import type { Broker, Delivery, Settlement } from "./broker.ts";
import type { Clock } from "./clock.ts";
import { deadLetterQueue, deathHeader, deliveriesHeader, deliveriesOf, type Envelope } from "./envelope.ts";

export interface DeadLetter {
  /** of the task; null where nothing could be read */
  readonly id: string | null;
  readonly task: string | null;
  /** out of which it came */
  readonly queue: string;
  readonly reason: string;
  /** epoch ms when it was put here; null: somebody else put it here */
  readonly at: number | null;
  /** of its runs, those that had begun */
  readonly runs: number;
}

/** Of a queue: up to `limit`, next in line first, left where they are. Throws BROKER_*. */
export async function listDeadLetters(broker: Broker, queue: string, limit: number): Promise<readonly DeadLetter[]> {
  return (await broker.queues.peek(deadLetterQueue(queue), limit)).map((envelope) => deadLetterOf(envelope, queue));
}

export interface SiftOptions {
  /** whose dead letters */
  readonly queue: string;
  /** task ids; null = all */
  readonly ids: ReadonlySet<string> | null;
  /** back into the queue it came out of, as if it had never begun; or away for good */
  readonly to: "queue" | "nowhere";
  readonly clock: Clock;
}

/** Of all letters so many are held at once; of single ones those in front of them, which are handed back at the end. */
const heldAtOnce = 500;
/** For single ones it is looked into the queue first, so far at the beginning. */
const lookedAtOnce = 500;
/** Somebody else took what was counted: so long nothing came. */
const quietMs = 2_000;

/** Takes a queue's dead letters, or those of them that lie in front of the last one asked for, once, and gives those that were sent back or deleted. Throws BROKER_*. */
export async function siftDeadLetters(broker: Broker, options: SiftOptions): Promise<readonly DeadLetter[]> {
  const { queue, ids, clock } = options;
  const source = deadLetterQueue(queue);
  const total = ids === null ? await broker.queues.length(source) : await depthOf(broker, source, ids);
  const done: DeadLetter[] = [];
  if (total === 0) return done;
  const settling: Promise<void>[] = [];
  const over = new AbortController();
  let failure: unknown = null;
  let seen = 0;
  let seenBefore = -1;

  async function take(delivery: Delivery): Promise<void> {
    const letter = deadLetterOf(delivery.envelope, queue);
    if (ids === null || (letter.id !== null && ids.has(letter.id))) {
      if ((await delivery.settle(settlementOf(delivery.envelope, letter, options.to))) === "settled") done.push(letter);
    }
    seen += 1;
    if (seen >= total) over.abort();
  }

  const nothing = () => {};
  const consumer = await broker.consume([source], {
    worker: "celeriac-dead",
    readAhead: ids === null ? Math.min(total, heldAtOnce) : total,
    listener: {
      delivery(delivery) {
        if (over.signal.aborted) return;
        settling.push(
          take(delivery).catch((error) => {
            failure ??= error;
            over.abort();
          }),
        );
      },
      ...{ claimsLost: nothing, deadLettered: nothing, disconnected: nothing, connected: nothing },
    },
  });
  try {
    while (!over.signal.aborted && seen !== seenBefore) {
      seenBefore = seen;
      await clock.sleep(quietMs, over.signal);
    }
    await consumer.pause();
    over.abort();
    await Promise.all(settling);
  } finally {
    await consumer.close();
  }
  if (failure !== null) throw failure;
  return done;
}

/** How many letters there are up to the last that is asked for; 0: none is there, and nobody's are to be taken. */
async function depthOf(broker: Broker, source: string, ids: ReadonlySet<string>): Promise<number> {
  const total = await broker.queues.length(source);
  for (let limit = Math.min(total, lookedAtOnce); ; limit = Math.min(total, 2 * limit)) {
    const found = (await broker.queues.peek(source, limit)).map(({ headers }) => headers["id"]);
    if (limit < total && [...ids].some((id) => !found.includes(id))) continue;
    return found.findLastIndex((id) => ids.has(id as string)) + 1;
  }
}

function settlementOf(envelope: Envelope, letter: DeadLetter, to: SiftOptions["to"]): Settlement {
  if (to === "nowhere") return { results: [], publish: [], then: { kind: "acknowledge" } };
  const { [deathHeader]: _death, [deliveriesHeader]: _deliveries, ...headers } = envelope.headers;
  // With its old tag a guard of its first publication would take it for the same message.
  const again = { ...envelope, headers, properties: { ...envelope.properties, deliveryTag: randomUUID() } };
  const back = { envelope: again, route: { exchange: "", routingKey: letter.queue } };
  return { results: [], publish: [back], then: { kind: "acknowledge" } };
}

function deadLetterOf({ headers }: Envelope, queue: string): DeadLetter {
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
  const death = (typeof headers[deathHeader] === "object" ? headers[deathHeader] : null) as Readonly<Record<string, unknown>> | null;
  return {
    id: text(headers["id"]),
    task: text(headers["task"]),
    queue: text(death?.["queue"]) ?? queue,
    reason: text(death?.["reason"]) ?? "",
    at: typeof death?.["at"] === "number" ? death["at"] : null,
    runs: Math.max(typeof death?.["runs"] === "number" ? death["runs"] : 0, deliveriesOf(headers)),
  };
}
