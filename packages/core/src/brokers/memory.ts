/** The broker in the memory of one process: for tests, and for an app whose worker runs beside it. What is confirmed lives as long as the process. */

import type {
  Broker,
  ChordEnd,
  ConsumeOptions,
  Consumer,
  LiveExchange,
  Passage,
  Publication,
  Queues,
  SubscribeOptions,
  Subscription,
} from "../broker.ts";
import { ConsumedQueues } from "../consumed-queues.ts";
import type { DriverContext } from "../driver.ts";
import type { Envelope } from "../envelope.ts";
import { BrokerError, PublishError } from "../errors.ts";
import { declaredBindings, type ExchangeBinding } from "../exchange.ts";
import { meant } from "../live-exchange.ts";
import { isSameSpace, openSpace, type Space } from "../memory/space.ts";
import { type PauseStore, type Pausing, pausingQueues, pausingTasks } from "../pauses.ts";
import { plainQueues, type QueueTable, queueNames } from "../queue-table.ts";
import type { ServerFacts } from "../server-facts.ts";
import { MemoryConsumer } from "./memory/consumer.ts";
import { envelopeOf, messagesOf } from "./memory/message.ts";

export interface MemoryBrokerOptions {
  /** Where results are kept: in the same space they are stored by the settlement itself. */
  readonly resultUrl: string | null;
  /** Which queues are bound to which exchanges; every name is a queue of its own unless told. */
  readonly queues?: QueueTable;
}

/** Throws CONFIG_URL, MEMORY_OUT_OF_REACH, CONFIG_INVALID for an exchange of a type that only RabbitMQ has. */
export function createMemoryBroker(url: string, context: DriverContext, options: MemoryBrokerOptions): Broker {
  const settlesResults = isSameSpace(url, options.resultUrl);
  return new MemoryBroker(openSpace(url, context), context, { settlesResults, queues: options.queues ?? plainQueues });
}

class MemoryBroker implements Broker {
  readonly settlesResults: boolean;
  readonly parksOnPublish = true;
  readonly tellsPauses = false;
  readonly queues: Queues;
  readonly pausedTasks: Pausing;
  readonly #space: Space;
  readonly #context: DriverContext;
  readonly #queueTable: QueueTable;
  readonly #bindings: readonly ExchangeBinding[];
  readonly #consumers = new Set<MemoryConsumer>();
  readonly #subscriptions = new Set<Subscription>();
  #state: "new" | "open" | "closed" = "new";

  constructor(
    space: Space,
    context: DriverContext,
    { settlesResults, queues }: { readonly settlesResults: boolean; readonly queues: QueueTable },
  ) {
    this.#space = space;
    this.#context = context;
    this.#queueTable = queues;
    this.#bindings = declaredBindings(queues);
    this.settlesResults = settlesResults;
    const { clock } = context;
    const pauses: PauseStore = {
      add: async (entry) => this.#messages.pause(entry),
      remove: async (entry) => this.#messages.resume(entry),
      of: async (entries) => new Set(entries.filter((entry) => this.#messages.isPaused(entry))),
    };
    this.queues = {
      length: async (queue) => this.#messages.length(queue, clock.now()),
      oldestAge: async (queue) => {
        const since = this.#messages.oldest(queue, clock.now());
        return since === null ? null : Math.max(0, clock.now() - since);
      },
      peek: async (queue, limit) => this.#messages.peek(queue, limit, clock.now()).map(envelopeOf),
      purge: async (queue) => this.#messages.purge(queue),
      list: async () => queueNames([...this.#messages.names(), ...this.#space.bindings.all().map(({ queue }) => queue)]),
      bindings: async () => {
        void this.#messages;
        return this.#space.bindings.all();
      },
      ...pausingQueues(pauses),
    };
    this.pausedTasks = pausingTasks(pauses);
  }

  get connected(): boolean {
    return this.#state === "open";
  }

  async connect(): Promise<void> {
    if (this.#state === "closed") throw this.#closedError();
    if (this.#state === "new") for (const binding of this.#bindings) this.#space.bindings.add(binding);
    this.#state = "open";
  }

  async publish(publication: Publication, passage?: Passage): Promise<void> {
    if (passage?.depart !== undefined) await passage.depart();
    this.#mustSend();
    const { messages, bindings } = this.#space;
    for (const message of messagesOf(publication, bindings)) messages.insert(message, this.#context.clock.now());
  }

  async closeChord(chordId: string, { results, publish }: ChordEnd): Promise<boolean> {
    this.#mustSend();
    const { messages, bindings, chords, results: stored } = this.#space;
    const now = this.#context.clock.now();
    // Whatever cannot be routed is told before anything has changed.
    const follows = publish.flatMap((publication) => messagesOf(publication, bindings));
    if (!chords.close(chordId, now)) return false;
    for (const result of results) stored.store(result, now);
    for (const follow of follows) messages.insert(follow, now);
    return true;
  }

  /** A queue is there as soon as it is used. */
  async declare(queue: string): Promise<void> {
    if (queue === "") throw new BrokerError("BROKER_REFUSED", "A queue needs a name");
    await this.health();
  }

  async consume(queues: readonly string[], options: ConsumeOptions): Promise<Consumer> {
    await this.connect();
    const consumer = new MemoryConsumer(new ConsumedQueues(queues, this.#queueTable), options, {
      space: this.#space,
      clock: this.#context.clock,
      settlesResults: this.settlesResults,
      closed: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async broadcast(exchange: LiveExchange, routingKey: string, envelope: Envelope): Promise<void> {
    this.#mustSend();
    this.#space.subscribers.tell(exchange.name, routingKey, envelope);
  }

  async subscribe(exchange: LiveExchange, options: SubscribeOptions): Promise<Subscription> {
    await this.connect();
    const leave = this.#space.subscribers.add(exchange.name, meant(exchange, options));
    const subscription: Subscription = {
      close: async () => {
        leave();
        this.#subscriptions.delete(subscription);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async health(): Promise<void> {
    void this.#messages;
  }

  async facts(): Promise<ServerFacts> {
    await this.health();
    return { software: "memory", skewMs: null, persistent: false };
  }

  async close(): Promise<void> {
    this.#state = "closed";
    await Promise.all([...this.#consumers, ...this.#subscriptions].map((each) => each.close()));
  }

  #mustSend(): void {
    if (this.connected) return;
    const retryable = this.#state === "new";
    throw new PublishError("PUBLISH_REJECTED", `${this.#space.label} is not open: nothing was sent`, { retryable });
  }

  get #messages() {
    if (this.#state === "closed") throw this.#closedError();
    if (this.#state === "new") throw new BrokerError("BROKER_UNREACHABLE", `${this.#space.label} is not open: connect first`);
    return this.#space.messages;
  }

  #closedError(): BrokerError {
    return new BrokerError("BROKER_CLOSED", `The broker on ${this.#space.label} was closed`);
  }
}
