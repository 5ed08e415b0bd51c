/** A message as it lies in a broker: headers, properties and the body as bytes. Brokers know nothing of tasks, only envelopes. */
import { broadcastOf } from "./queue-table.ts";

export interface EnvelopeProperties {
  /** e.g. "application/json" */
  readonly contentType: string;
  /** e.g. "utf-8" */
  readonly contentEncoding: string;
  readonly correlationId: string | null;
  readonly replyTo: string | null;
  /** 1 = may be lost when the broker restarts, 2 = persistent */
  readonly deliveryMode: 1 | 2;
  /** 0-9, higher is sooner, on every broker (drivers map it to their wire); null = unset */
  readonly priority: number | null;
  /** milliseconds as text, as AMQP wants it; null = none */
  readonly expiration: string | null;
  /** Chosen by the producer, derived from task id and retries; kept on redelivery. Not unique: two queues of one exchange carry the same. */
  readonly deliveryTag: string;
}

export interface Envelope {
  /** Celery's flat header dictionary (`facts` of protocol 2); unknown members are kept. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: EnvelopeProperties;
  readonly body: Uint8Array;
}

/** Where an envelope goes. With `exchange` "" the routing key is the queue's name. */
export interface Route {
  readonly exchange: string;
  readonly routingKey: string;
}

/** Header: runs of this message that began and did not settle, counted by whoever recovers or requeues it. Absent = 0. */
export const deliveriesHeader = "x-celeriac-deliveries";
/** What a dead letter says of its death. */
export interface Death {
  readonly reason: string;
  /** out of which it came */
  readonly queue: string;
  /** epoch ms */
  readonly at: number;
  /** of its runs, those that had begun */
  readonly runs: number;
}

/** Header of a dead-lettered message: its `Death`. */
export const deathHeader = "x-celeriac-death";

/** `counted`: a run beside the `deliveries` of before has begun. */
export function deathOf(
  { reason, counted = false }: { readonly reason: string; readonly counted?: boolean },
  { queue, deliveries }: { readonly queue: string; readonly deliveries: number },
  at: number,
): Death {
  return { reason, queue, at, runs: deliveries + (counted ? 1 : 0) };
}

/** The queue that takes the dead letters of `queue`: an ordinary queue, so length, peek and purge work on it. Copies of a broadcast share one. */
export function deadLetterQueue(queue: string): string {
  return `${broadcastOf(queue) ?? queue}.dead`;
}

export function isDeadLetterQueue(queue: string): boolean {
  return queue.endsWith(".dead");
}

export function deliveriesOf(headers: Readonly<Record<string, unknown>>): number {
  const count = headers[deliveriesHeader];
  return typeof count === "number" && Number.isInteger(count) && count > 0 ? count : 0;
}

/** An envelope around bytes that are none: they go to the dead letters as they are. */
export function wrapUnreadable(body: Uint8Array, deliveryTag = ""): Envelope {
  return {
    headers: {},
    properties: {
      contentType: "application/octet-stream",
      contentEncoding: "binary",
      correlationId: null,
      replyTo: null,
      deliveryMode: 2,
      priority: null,
      expiration: null,
      deliveryTag,
    },
    body,
  };
}
