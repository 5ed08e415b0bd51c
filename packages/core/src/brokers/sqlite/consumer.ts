/**
 * One worker's consumption of some queues of the file. Duties: 1. turn claims into deliveries, 2. dead-letter what cannot be read,
 * 3. take a new incarnation when the old one was declared dead or its I/O thread is gone, 4. hand back what is held at the end.
 */
import type { ConsumeOptions, Consumer } from "../../broker.ts";
import type { DriverContext } from "../../driver.ts";
import type { Envelope } from "../../envelope.ts";
import { type CeleriacError, reasonOf } from "../../errors.ts";
import type { ClaimedMessage } from "../../sqlite/operation.ts";
import { readEnvelope } from "../../sqlite/raw-envelope.ts";
import type { Store } from "../../sqlite/store.ts";
import { type Claim, createDelivery } from "./delivery.ts";
import { unreadable } from "./letter.ts";

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

export async function openConsumer(queues: readonly string[], options: ConsumeOptions, parts: ConsumerParts): Promise<Consumer> {
  const { listener } = options;
  const { clock, logger } = parts.context;
  let readAhead = options.readAhead;
  let paused = false;
  let closing: Promise<void> | null = null;
  let current: Incarnation | null = null;
  let previous: { readonly inc: number; readonly store: Store } | null = null;
  const ending = new AbortController();

  async function enter(): Promise<void> {
    const store = await parts.store();
    const lost = new AbortController();
    const replaces = previous !== null && previous.store !== store ? previous.inc : null;
    const fields = { name: options.worker, queues: [...queues], readAhead: paused ? 0 : readAhead, replaces };
    const inc = await store.consume(fields, {
      claimed: (message, raw) =>
        onClaimed({ store, clock, lost: lost.signal, settlesResults: parts.settlesResults, settled() {} }, message, raw),
      fenced: () => onFenced(),
      trouble: (error) => (error === null ? listener.connected() : listener.disconnected(error)),
    });
    current = { inc, store, lost };
    const forget = store.onLost((error) => onStoreLost(error));
    lost.signal.addEventListener("abort", forget, { once: true });
  }

  function onClaimed(claim: Claim, message: ClaimedMessage, raw: Uint8Array): void {
    if (closing !== null || claim.lost.aborted) return;
    let envelope: Envelope;
    try {
      envelope = readEnvelope(raw);
    } catch (error) {
      buryUnreadable(claim, message, raw, reasonOf(error));
      return;
    }
    listener.delivery(createDelivery(message, envelope, claim));
  }

  function buryUnreadable(claim: Claim, message: ClaimedMessage, raw: Uint8Array, reason: string): void {
    const { queue } = message;
    const delivery = createDelivery(message, unreadable(raw), claim);
    delivery.settle({ publish: [], then: { kind: "deadLetter", reason } }).then(
      (outcome) => {
        if (outcome === "settled") listener.deadLettered({ queue, reason });
      },
      (error) => logger.error("An undecodable message could not be dead-lettered", { queue, reason: reasonOf(error) }),
    );
  }

  function onFenced(): void {
    leaveBehind();
    listener.claimsLost();
    void reenter();
  }

  function onStoreLost(error: CeleriacError): void {
    leaveBehind();
    listener.disconnected(error);
    listener.claimsLost();
    void reenter().then((entered) => {
      if (entered) listener.connected();
    });
  }

  function leaveBehind(): void {
    if (current === null) return;
    previous = current;
    current.lost.abort();
    current = null;
  }

  async function reenter(): Promise<boolean> {
    while (closing === null) {
      try {
        await enter();
        return true;
      } catch (error) {
        logger.warn("SQLite consumer cannot start again yet", { reason: reasonOf(error) });
        await clock.sleep(reopenMs, ending.signal);
      }
    }
    return false;
  }

  async function resize(): Promise<void> {
    const incarnation = current;
    if (incarnation === null) return;
    await incarnation.store.run("resize", { consumer: incarnation.inc, readAhead: paused ? 0 : readAhead }).catch((error: unknown) => {
      logger.debug("SQLite read-ahead was not changed", { reason: reasonOf(error) });
    });
  }

  async function close(): Promise<void> {
    ending.abort();
    const incarnation = current;
    if (incarnation !== null) {
      await incarnation.store.run("leave", { consumer: incarnation.inc }).catch((error: unknown) => {
        logger.warn("SQLite consumer could not hand back; others will recover its claims", { reason: reasonOf(error) });
      });
      leaveBehind();
    }
    parts.closed();
  }

  await enter();
  return {
    async pause() {
      paused = true;
      await resize();
    },
    resume() {
      paused = false;
      void resize();
    },
    setReadAhead(wanted) {
      readAhead = Math.max(1, wanted);
      void resize();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
