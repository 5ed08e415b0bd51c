/**
 * One worker's consumption of some queues of the file. Duties: 1. turn claims into deliveries, 2. dead-letter what cannot be read,
 * 3. take a new incarnation when the old one was declared dead or its I/O thread is gone, 4. hand back what is held at the end.
 */
import type { ConsumeOptions, Consumer } from "../../broker.ts";
import type { ConsumedQueues } from "../../consumed-queues.ts";
import type { DriverContext } from "../../driver.ts";
import { type Envelope, wrapUnreadable } from "../../envelope.ts";
import { BrokerError, type CeleriacError, reasonOf } from "../../errors.ts";
import { bindingsOf } from "../../exchange.ts";
import type { QueueDeclaration } from "../../queue-table.ts";
import { StoreError } from "../../sqlite/failure.ts";
import type { ClaimedMessage } from "../../sqlite/operation.ts";
import { readEnvelope } from "../../sqlite/raw-envelope.ts";
import type { Store } from "../../sqlite/store.ts";
import { type Claim, createDelivery } from "./delivery.ts";

const reopenMs = 500;

export interface ConsumerParts {
  readonly context: DriverContext;
  readonly settlesResults: boolean;
  /** The open store; waits while the broker reconnects. Rejects when the broker is closed. */
  store(): Promise<Store>;
  /** Called when the consumer has ended. */
  closed(): void;
}

/** What belongs to one incarnation and ends with it. */
interface Incarnation {
  readonly inc: number;
  readonly store: Store;
  readonly lost: AbortController;
}

export class SqliteConsumer implements Consumer {
  readonly #consumed: ConsumedQueues;
  readonly #options: ConsumeOptions;
  readonly #parts: ConsumerParts;
  readonly #ending = new AbortController();
  #readAhead: number;
  #paused = false;
  #current: Incarnation | null = null;
  #previous: Incarnation | null = null;
  #closing: Promise<void> | null = null;

  constructor(consumed: ConsumedQueues, options: ConsumeOptions, parts: ConsumerParts) {
    this.#consumed = consumed;
    this.#options = options;
    this.#parts = parts;
    this.#readAhead = Math.max(1, options.readAhead);
  }

  /** Takes the first incarnation. Rejects when the file cannot be written. */
  async start(): Promise<void> {
    try {
      await this.#enter();
    } catch (error) {
      this.#parts.closed();
      throw error;
    }
  }

  async pause(): Promise<void> {
    this.#paused = true;
    await this.#resize();
  }

  resume(): void {
    this.#paused = false;
    void this.#resize();
  }

  setReadAhead(readAhead: number): void {
    this.#readAhead = Math.max(1, readAhead);
    void this.#resize();
  }

  get queues(): readonly string[] {
    return this.#consumed.names;
  }

  get declarations(): readonly QueueDeclaration[] {
    return this.#consumed.declarations;
  }

  async add(queue: QueueDeclaration): Promise<void> {
    const current = this.#current;
    if (current === null) throw new BrokerError("BROKER_UNREACHABLE", "The SQLite file is not open: no queue was added");
    const consumed = this.#consumed.add(queue);
    if (consumed === null) return;
    const { inc, store } = current;
    try {
      const [declared, copies] = [bindingsOf([consumed], "declared"), bindingsOf([consumed], "copy")];
      if (declared.length > 0) await store.run("bind", { bindings: declared, consumer: null });
      if (copies.length > 0) await store.run("bind", { bindings: copies, consumer: inc });
      await store.run("assign", { consumer: inc, queues: this.#consumed.queues });
    } catch (error) {
      this.#consumed.remove(queue.name);
      throw error instanceof StoreError ? new BrokerError(error.code, error.message, { cause: error }) : error;
    }
  }

  /** With no file to tell, the next incarnation begins without it. */
  async cancel(queue: string): Promise<void> {
    const consumed = this.#consumed.remove(queue);
    const current = this.#current;
    if (consumed === null || current === null) return;
    try {
      await current.store.run("assign", { consumer: current.inc, queues: this.#consumed.queues });
      if (consumed.kind === "copy") await current.store.run("drop", { queue: consumed.name });
    } catch (error) {
      this.#parts.context.logger.debug("A cancelled queue ends with the incarnation that consumed it", { queue, reason: reasonOf(error) });
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    const current = this.#current;
    if (current !== null) {
      await current.store.run("leave", { consumer: current.inc }).catch((error: unknown) => {
        this.#parts.context.logger.warn("SQLite consumer could not hand back; others will recover its claims", { reason: reasonOf(error) });
      });
      this.#leaveBehind();
    }
    this.#parts.closed();
  }

  async #enter(): Promise<void> {
    const { context, settlesResults } = this.#parts;
    const { listener, worker, mayBlock = false } = this.#options;
    const store = await this.#parts.store();
    const lost = new AbortController();
    const claim: Claim = { store, clock: context.clock, lost: lost.signal, settlesResults };
    const replaces = this.#previous !== null && this.#previous.store !== store ? this.#previous.inc : null;
    const { queues, declarations } = this.#consumed;
    const inc = await store.consume(
      { name: worker, queues, copies: bindingsOf(declarations, "copy"), readAhead: this.#wanted, mayBlock, replaces },
      {
        claimed: (message, raw) => this.#onClaimed(claim, message, raw),
        fenced: () => this.#onFenced(),
        trouble: (error) => (error === null ? listener.connected() : listener.disconnected(error)),
      },
    );
    this.#current = { inc, store, lost };
    const forget = store.onLost((error) => this.#onStoreLost(error));
    lost.signal.addEventListener("abort", forget, { once: true });
    // Paused or resized, or closed, while it was on its way.
    await this.#resize();
    if (this.#closing !== null) await this.#close();
  }

  get #wanted(): number {
    return this.#paused ? 0 : this.#readAhead;
  }

  #onClaimed(claim: Claim, message: ClaimedMessage, raw: Uint8Array): void {
    if (this.#closing !== null || claim.lost.aborted) return;
    let envelope: Envelope;
    try {
      envelope = readEnvelope(raw);
    } catch (error) {
      this.#buryUnreadable(claim, message, raw, reasonOf(error));
      return;
    }
    this.#options.listener.delivery(createDelivery(message, envelope, claim));
  }

  #buryUnreadable(claim: Claim, message: ClaimedMessage, raw: Uint8Array, reason: string): void {
    const { queue } = message;
    const delivery = createDelivery(message, wrapUnreadable(raw), claim);
    delivery.settle({ results: [], publish: [], then: { kind: "deadLetter", reason } }).then(
      (outcome) => {
        if (outcome === "settled") this.#options.listener.deadLettered({ queue, reason });
      },
      (error) => {
        this.#parts.context.logger.error("An undecodable message could not be dead-lettered", { queue, reason: reasonOf(error) });
      },
    );
  }

  #onFenced(): void {
    this.#leaveBehind();
    this.#options.listener.claimsLost();
    void this.#reenter();
  }

  #onStoreLost(error: CeleriacError): void {
    const { listener } = this.#options;
    this.#leaveBehind();
    listener.disconnected(error);
    listener.claimsLost();
    void this.#reenter().then((entered) => {
      if (entered) listener.connected();
    });
  }

  /** What is held from now on belongs to nobody here. */
  #leaveBehind(): void {
    if (this.#current === null) return;
    this.#previous = this.#current;
    this.#current.lost.abort();
    this.#current = null;
  }

  /** Tries until it has a new incarnation or is closed. */
  async #reenter(): Promise<boolean> {
    const { clock, logger } = this.#parts.context;
    while (this.#closing === null) {
      try {
        await this.#enter();
        return true;
      } catch (error) {
        logger.warn("SQLite consumer cannot start again yet", { reason: reasonOf(error) });
        await clock.sleep(reopenMs, this.#ending.signal);
      }
    }
    return false;
  }

  async #resize(): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    await current.store.run("resize", { consumer: current.inc, readAhead: this.#wanted }).catch((error: unknown) => {
      // The store is gone, and with it whatever was to be resized.
      this.#parts.context.logger.debug("SQLite read-ahead was not changed", { reason: reasonOf(error) });
    });
  }
}
