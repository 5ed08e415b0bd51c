/**
 * The contract of a broker: takes envelopes durably, hands them out as deliveries that are claimed, and settles each once.
 * Drivers live in `brokers/`; every one passes `test/conformance/broker.ts`.
 */
import type { ResultRecord } from "./backend.ts";
import type { ChordPart } from "./chord.ts";
import type { Envelope, Route } from "./envelope.ts";
import type { Pausing } from "./pauses.ts";
import type { QueueDeclaration } from "./queue-table.ts";
import type { ServerFacts } from "./server-facts.ts";

/** An envelope on its way into a broker. */
export interface Publication {
  readonly envelope: Envelope;
  readonly route: Route;
  /** Epoch ms before which it is not delivered; parked in the broker's delay store. Absent or past = at once. */
  readonly dueAt?: number | undefined;
  /**
   * true: a second publication with the same delivery tag to the same queue within 10 minutes is the same message and changes nothing
   * (Redis, SQLite; RabbitMQ cannot tell). Costs a key each, so it is set only where the caller chose the task's id.
   */
  readonly guarded?: boolean | undefined;
}

/** Between who waits for a publication and a driver that cannot write it at once. */
export interface Passage {
  /** Set by who waits, when that is over: then it may not be written any more. */
  isOver: boolean;
  /** Set by the driver for as long as nothing of it is written: gives it up, and tells what it waited for. */
  withdraw: (() => string) | null;
  /** Awaited by the driver when nothing but the writing is left to be done; what it rejects with, the publication rejects with. */
  readonly depart?: (() => Promise<void>) | undefined;
}

/** What becomes of a delivery once its outcome is known. */
export type Disposition =
  | { readonly kind: "acknowledge" }
  /** Back into its queue: at the head, or after `afterMs`. `counted`: this run had begun and counts as a delivery. */
  | { readonly kind: "requeue"; readonly afterMs?: number; readonly counted: boolean }
  /** Into the queue's dead-letter queue, with header `x-celeriac-death`. `counted`: this run had begun, too. */
  | { readonly kind: "deadLetter"; readonly reason: string; readonly counted?: boolean };

/** Everything that follows from one delivery, in one call. */
export interface Settlement {
  /** The task's own, and those of steps that will not run because of it. Written in the same atomic step by brokers with `settlesResults`; must be empty otherwise. */
  readonly results: readonly ResultRecord[];
  /** What it counts for a chord, all of one; as `results`. */
  readonly parts?: readonly ChordPart[] | undefined;
  /** Follow-ups: retries, links. Sent before the delivery is acknowledged. */
  readonly publish: readonly Publication[];
  readonly then: Disposition;
}

/** `lost`: the claim is no longer ours, and nothing at all was written, published or acknowledged. */
export type ClaimOutcome = "settled" | "lost";
/**
 * `complete`: its parts were the last that their chord waited for, which is not closed yet. Result and parts are stored, nothing else has happened
 * and the claim stands: once the chord is closed it is to be settled again.
 */
export type SettleOutcome = ClaimOutcome | "complete";

/** What ends a chord: its body, or the body's failure and what follows from that. */
export interface ChordEnd {
  readonly results: readonly ResultRecord[];
  readonly publish: readonly Publication[];
}

export interface Delivery {
  readonly envelope: Envelope;
  readonly queue: string;
  /** Runs that began before this one and did not settle. 1 or more makes it a suspect: it comes alone and must be marked begun before it runs. */
  readonly deliveries: number;
  readonly redelivered: boolean;
  /** Marks a suspect's run as begun, durably, so that only it is counted when this worker dies. A no-op for others. */
  begin(): Promise<ClaimOutcome>;
  /** Once per delivery, but for `complete`. Rejects only if the broker could not be asked (then the claim stands and it may be called again). */
  settle(settlement: Settlement): Promise<SettleOutcome>;
}

/** What a consumer tells its owner; called synchronously, must not throw. */
export interface ConsumerListener {
  delivery(delivery: Delivery): void;
  /** This incarnation was declared dead by others: every delivery not yet settled is `lost`. The driver goes on under a new incarnation. */
  claimsLost(): void;
  /** The driver dead-lettered something it could not even read. */
  deadLettered(letter: { readonly queue: string; readonly reason: string }): void;
  disconnected(error: unknown): void;
  connected(): void;
  /** By a broker that `tellsPauses`: what is paused may have changed. */
  pausesChanged?(): void;
}

export interface ConsumeOptions {
  /** Node name, e.g. "celery@host": for people who look into the broker. */
  readonly worker: string;
  /** Most deliveries held unsettled at once (1 or more). */
  readonly readAhead: number;
  /** true: the owner runs tasks in this thread, and one of them may keep it for long. Whatever takes a silent thread for dead must not end its process for it. */
  readonly mayBlock?: boolean;
  readonly listener: ConsumerListener;
}

/** One worker's consumption of some queues, none at times, under one incarnation at a time. Reconnects by itself, for ever, until closed. */
export interface Consumer {
  /** Resolves when nothing more will be delivered; what is held stays held, and its claims are kept alive. */
  pause(): Promise<void>;
  resume(): void;
  setReadAhead(readAhead: number): void;
  /** The names of the queues it consumes at present, in the order they were asked for. */
  readonly queues: readonly string[];
  /** What it consumes for each of them: of a broadcast queue its copy. */
  readonly declarations: readonly QueueDeclaration[];
  /**
   * Consumes one more queue, from now on and after every reconnect, declared and bound as told; of a broadcast queue a copy. Resolves when it
   * does; a queue that is consumed already changes nothing. Rejects with BROKER_* or CONFIG_INVALID: then nothing has changed.
   */
  add(queue: QueueDeclaration): Promise<void>;
  /**
   * Takes nothing more out of a queue. Resolves when nothing more of it will be delivered; what is held of it stays held, its claims watched, and is
   * settled as ever. Harmless when it is not consumed.
   */
  cancel(queue: string): Promise<void>;
  /** Hands back, uncounted, what is still held, ends the incarnation and resolves when quiet. Safe to call twice. */
  close(): Promise<void>;
}

/** A binding as it lies in a broker; `type` of the exchange where the broker tells it. */
export interface QueueBinding {
  readonly exchange: string;
  readonly type: string | null;
  readonly routingKey: string;
  readonly queue: string;
}

/** What can be told of queues, and done to them, without consuming them. Out of a paused one nothing is taken, but messages still arrive. */
export interface Queues extends Pausing {
  /** messages ready to be claimed, all priorities; not the delayed, not the claimed */
  length(queue: string): Promise<number>;
  /** Milliseconds the message next in line has waited as far as the broker can tell; null when empty or unknown (Redis and RabbitMQ read the producer's `timestamp` header if present). */
  oldestAge(queue: string): Promise<number | null>;
  /** Deletes all ready and delayed messages of the queue that the broker can delete (RabbitMQ: ready ones only); gives how many. */
  purge(queue: string): Promise<number>;
  /** Up to `limit` ready messages, next in line first, left where they are. */
  peek(queue: string, limit: number): Promise<readonly Envelope[]>;
  /** The queues there are, in order of their names, without consumers' copies of broadcasts; null: the broker cannot list them (RabbitMQ). */
  list(): Promise<readonly string[] | null>;
  /** null: as `list`. */
  bindings(): Promise<readonly QueueBinding[] | null>;
}

/** An exchange for whoever listens at the moment: nothing that is sent to it waits for anybody. */
export interface LiveExchange {
  readonly name: string;
  /** RabbitMQ declares it with these, as Celery does. direct: what is told is heard by those who subscribed with its routing key, else by all. */
  readonly type: "topic" | "fanout" | "direct";
  readonly durable: boolean;
}

export interface SubscribeOptions {
  /** Of a direct exchange: what is told under this key is heard, and nothing else. */
  readonly routingKey?: string | undefined;
  /**
   * RabbitMQ: names the queue that takes what is heard, which is exclusive and ends with its connection; `id` is a new one for each. Redis: of a direct
   * exchange the list, which goes when the subscription is closed.
   */
  readonly queueName: (id: string) => string;
  /** RabbitMQ: how long a message may wait in that queue; null = for ever. */
  readonly messageTtlMs: number | null;
  /** RabbitMQ: after how long without a consumer that queue is deleted; null = never. */
  readonly expiresMs: number | null;
  /** Called synchronously for each message, must not throw. */
  heard(envelope: Envelope, routingKey: string): void;
  /** Called each time it hears again after the connection was away: what was told meanwhile is missed. Must not throw. */
  readonly resumed?: (() => void) | undefined;
}

export interface Subscription {
  /** Resolves when nothing more is heard. Safe to call twice. */
  close(): Promise<void>;
}

export interface Broker {
  /** true when `Settlement.result` is stored in the same atomic step as the acknowledgement. */
  readonly settlesResults: boolean;
  /** true when a publication with `dueAt` may be parked by the producer; false when it must lie in the queue where a Python worker would look for it. */
  readonly parksOnPublish: boolean;
  /** true: who consumes is told when something was paused or resumed, and need not ask all the time. */
  readonly tellsPauses: boolean;
  /** false until the first `connect`, and while the connection for publishing is gone. */
  readonly connected: boolean;
  /** One attempt, shared by all who ask meanwhile. Throws BROKER_UNREACHABLE, BROKER_AUTH or BROKER_REFUSED. */
  connect(): Promise<void>;
  /**
   * Resolves when the broker has confirmed it. While not connected: rejects at once with PUBLISH_REJECTED (retryable).
   * Connection lost after it was written: PUBLISH_UNCERTAIN. No queue: PUBLISH_UNROUTABLE. Never sends anything after it rejected,
   * nor, where it has to wait before it can write, after `passage` was over. Calls of one event-loop turn share a round trip.
   */
  publish(publication: Publication, passage?: Passage): Promise<void>;
  /**
   * Ends a chord and closes it in one step; false: it was closed before, and nothing has happened. To be called where `settlesResults`, and present there; elsewhere the chord's
   * store is told before and after. Rejects as `publish`.
   */
  closeChord?(chordId: string, end: ChordEnd): Promise<boolean>;
  /** Makes sure a queue exists, with Celery's flags. Done by `publish` and `consume` as well. */
  declare(queue: string): Promise<void>;
  consume(queues: readonly string[], options: ConsumeOptions): Promise<Consumer>;
  readonly queues: Queues;
  /** Of paused tasks only the names are kept here: it is the worker that begins none of them. */
  readonly pausedTasks: Pausing;
  /**
   * Tells everyone who subscribes to the exchange now, Python's processes as well; nobody is no error. Resolves when the broker has passed it on. Rejects
   * as `publish`, never with PUBLISH_UNROUTABLE; it is never repeated, and does not hold up what is published.
   */
  broadcast(exchange: LiveExchange, routingKey: string, envelope: Envelope): Promise<void>;
  /**
   * Resolves when it hears all that is told from now on; what is told while the connection is away is missed. Reconnects by itself until closed, and keeps
   * the process alive as long. Throws BROKER_*.
   */
  subscribe(exchange: LiveExchange, options: SubscribeOptions): Promise<Subscription>;
  /** Resolves when the server answers; rejects with the reason. */
  health(): Promise<void>;
  /** What the server tells of itself. Rejects as `health`. */
  facts(): Promise<ServerFacts>;
  /** Closes consumers, flushes, disconnects. Safe to call twice; nothing keeps the process alive afterwards. */
  close(): Promise<void>;
}
