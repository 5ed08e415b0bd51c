/** What the broker suite needs from a driver's test: a store of its own, brokers on it, and what its server cannot do. */
import type { TestContext } from "vitest";
import type { ResultBackend } from "../../../packages/core/src/backend.ts";
import type { Broker, Consumer, Delivery, Disposition, Publication, SettleOutcome } from "../../../packages/core/src/broker.ts";
import type { QueueTable } from "../../../packages/core/src/queue-table.ts";
import { createInbox, type Inbox } from "../../support/inbox.ts";

export interface OpenOptions {
  readonly resultUrl?: string | null;
  readonly queues?: QueueTable;
}

export interface BrokerWorld {
  /** A broker with connections of its own to the world's store, as another process would have. Not connected yet. */
  open(options?: OpenOptions): Broker;
  /** A queue nobody used before; with `priorities` one that was prepared for them where the server needs that. */
  queue(options?: { readonly priorities?: boolean }): string;
  /** Closes what is left open and removes the store. */
  dispose(): Promise<void>;
  /** Cuts every connection, or restarts the server; resolves when the server accepts connections again. */
  breakConnections?(): Promise<void>;
  /** Puts bytes into the queue that are no message. */
  putUndecodable?(queue: string): Promise<void>;
  /** The store as a result backend, and the URL a broker needs to settle results in it. */
  readonly results?: { readonly url: string; openBackend(): ResultBackend };
  /** Longest time until a consumer delivers again after `breakConnections`. */
  readonly recoveryMs: number;
}

/** Where servers differ, as the documentation says; every other case holds for all. */
export interface BrokerTraits {
  /** a guarded publication is the same message within 10 minutes */
  readonly deduplicates: boolean;
  /** where a message without priority stands among those with one; null: there are no priorities */
  readonly unsetPriority: "first" | "last" | null;
  /** a counted requeue goes back to the head (RabbitMQ publishes it again: the place is lost) */
  readonly requeuesCountedAtHead: boolean;
  /** the age of the oldest message is known */
  readonly knowsAge: boolean;
  /** `purge` reaches the delayed messages, too */
  readonly purgesDelayed: boolean;
  /** the world has `breakConnections` */
  readonly reconnects: boolean;
  /** the world has `putUndecodable` */
  readonly undecodable: boolean;
  /** the world has `results` */
  readonly settlesResults: boolean;
}

/** One test's share of the world: brokers opened here are closed after the test. */
export interface BrokerCase {
  readonly world: BrokerWorld;
  /** Opens a broker and connects it. */
  connect(options?: OpenOptions): Promise<Broker>;
}

export interface Consumption {
  readonly consumer: Consumer;
  readonly inbox: Inbox;
}

/** Gives a test its case. */
export type OpenCase = (test: TestContext) => BrokerCase;

export function createCases(worldOf: () => BrokerWorld): OpenCase {
  return ({ onTestFinished }) => {
    const opened: Broker[] = [];
    onTestFinished(async () => {
      await Promise.all(opened.map((broker) => broker.close()));
    });
    return {
      world: worldOf(),
      async connect(options) {
        const broker = worldOf().open(options);
        opened.push(broker);
        await broker.connect();
        return broker;
      },
    };
  };
}

/** Starts a consumer that notes what it is told. */
export async function consume(
  broker: Broker,
  queues: string | readonly string[],
  options: { readonly readAhead?: number; readonly onDelivery?: (delivery: Delivery) => void } = {},
): Promise<Consumption> {
  const inbox = createInbox(options.onDelivery);
  const consumer = await broker.consume(typeof queues === "string" ? [queues] : queues, {
    worker: "celery@conformance",
    readAhead: options.readAhead ?? 10,
    listener: inbox.listener,
  });
  return { consumer, inbox };
}

export const acknowledge: Disposition = { kind: "acknowledge" };

/** Settles with nothing to store. */
export function settle(delivery: Delivery, then: Disposition = acknowledge, publish: readonly Publication[] = []): Promise<SettleOutcome> {
  return delivery.settle({ results: [], publish, then });
}
