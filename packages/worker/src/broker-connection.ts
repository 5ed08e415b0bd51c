/** A worker's connection to its broker: reaches it, consumes its queues, holds as many messages as are wanted, and knows why the broker is away. */
import {
  type Broker,
  type Clock,
  type Consumer,
  type ConsumerListener,
  type Logger,
  type ResultBackend,
  reasonOf,
} from "@celeriac/core/runtime";
import { untilConnected, type WaitForBroker } from "./until-connected.ts";

export interface BrokerConnectionParts {
  readonly hostname: string;
  readonly queues: readonly string[];
  readonly settings: WaitForBroker["settings"];
  readonly clock: Clock;
  readonly logger: Logger;
  /** tasks run in this thread and may block it */
  readonly mayBlock: boolean;
  /** how many to hold; `follow` tells when it has changed */
  readonly readAhead: () => number;
  readonly listener: ConnectionListener;
}

export interface ConnectionListener extends Required<Pick<ConsumerListener, "delivery" | "pausesChanged">> {
  /** Another worker has what this one held. */
  claimsLost(): void;
  lost(error: unknown): void;
  regained(): void;
}

export interface Reaching {
  readonly broker: Broker;
  readonly backend: ResultBackend | null;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** Awaited each time both were reached, before anything is taken. */
  readonly reached: () => Promise<void>;
}

export class BrokerConnection {
  readonly #parts: BrokerConnectionParts;
  #consumer: Consumer | null = null;
  #loss: string | null = null;

  constructor(parts: BrokerConnectionParts) {
    this.#parts = parts;
  }

  /** null until it consumes */
  get consumer(): Consumer | null {
    return this.#consumer;
  }

  /** why the broker is away; null: it is not, as far as is known */
  get loss(): string | null {
    return this.#loss;
  }

  /** that it consumes now, or will: changes with what remote control adds and cancels */
  get queues(): readonly string[] {
    return this.#consumer?.queues ?? this.#parts.queues;
  }

  /** Resolves when it consumes, or with false when `signal` aborts. Waits for a broker that cannot be reached yet. Throws BROKER_*, BACKEND_*. */
  async open({ broker, backend, signal, reached }: Reaching): Promise<boolean> {
    const { hostname, queues, settings, clock, logger, mayBlock, readAhead } = this.#parts;
    const connect = async () => {
      await Promise.all([broker.connect(), backend?.connect()]);
      await reached();
      return await broker.consume(queues, { worker: hostname, readAhead: readAhead(), mayBlock, listener: this.#listener() });
    };
    this.#consumer = await untilConnected(connect, { settings, clock, logger, signal, failed: (error) => this.#away(error) });
    if (this.#consumer === null) return false;
    this.#loss = null;
    return true;
  }

  follow(): void {
    this.#consumer?.setReadAhead(this.#parts.readAhead());
  }

  #away(error: unknown): void {
    this.#loss = reasonOf(error);
  }

  #listener(): ConsumerListener {
    const { logger, listener } = this.#parts;
    return {
      delivery: listener.delivery,
      pausesChanged: listener.pausesChanged,
      deadLettered: (letter) => logger.error("task-dead-lettered", letter),
      claimsLost() {
        logger.warn("claims lost: this worker was taken for dead, another one has its tasks");
        listener.claimsLost();
      },
      disconnected: (error) => {
        this.#away(error);
        logger.warn("broker connection lost", { reason: reasonOf(error) });
        listener.lost(error);
      },
      connected: () => {
        this.#loss = null;
        logger.info("broker connected");
        listener.regained();
      },
    };
  }
}
