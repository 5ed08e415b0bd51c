/** Publishes over a session: keeps a confirmed channel open on whichever connection there is, and waits while the broker takes nothing. */
import type { Passage } from "../broker.ts";
import type { DriverContext } from "../driver.ts";
import { PublishError, reasonOf } from "../errors.ts";
import { type Confirms, type Outgoing, openConfirms } from "./confirms.ts";
import { operationFailure } from "./failure.ts";
import type { Link } from "./link.ts";
import type { Session } from "./session.ts";

export interface Outbox {
  /** true while a publication would be written, or held while the broker blocks. */
  readonly ready: boolean;
  /** Opens session and channel. Throws as `Session.connect`. */
  connect(): Promise<void>;
  /**
   * Resolves when the broker has confirmed it; while it blocks publications (memory or disk alarm) nothing is written and nothing fails.
   * Not connected, or lost or given up while held: PUBLISH_REJECTED. Lost after it was written: PUBLISH_UNCERTAIN.
   */
  send(message: Outgoing, passage?: Passage): Promise<void>;
}

/** A publication that waits until the broker takes publications again. */
interface Held {
  readonly message: Outgoing;
  readonly passage: Passage | undefined;
  resolve(sent: Promise<void>): void;
  reject(error: PublishError): void;
}

/** Closed with its session. */
export function createOutbox(session: Session, { clock, logger }: DriverContext): Outbox {
  let confirms: Confirms | null = null;
  let opening: Promise<void> | null = null;
  const held = new Set<Held>();

  session.listen({
    up(link) {
      link.onEnd(() => rejectHeld());
      link.onBlocked((reason) => {
        if (reason !== null) {
          logger.warn("RabbitMQ takes no publications now; they wait", { broker: link.label, reason });
          return;
        }
        logger.info("RabbitMQ takes publications again", { broker: link.label, waited: held.size });
        sendHeld();
      });
      open(link);
    },
    down() {
      confirms = null;
    },
  });

  function open(link: Link): void {
    opening = openOn(link).finally(() => {
      opening = null;
    });
    // Whoever waits for it sees the failure; the next attempt comes with the next connection or the next call.
    opening.catch((error) => logger.warn("A channel for publishing could not be opened", { reason: reasonOf(error) }));
  }

  async function openOn(link: Link): Promise<void> {
    let opened: Confirms;
    try {
      opened = await openConfirms(link);
    } catch (error) {
      throw operationFailure(error, "open a channel");
    }
    confirms = opened;
    opened.onEnd(() => {
      if (confirms !== opened) return;
      confirms = null;
      if (link.ended === null) clock.after(0, () => session.link === link && open(link));
    });
  }

  async function connect(): Promise<void> {
    const release = session.hold();
    try {
      const link = await session.connect();
      if (confirms !== null) return;
      if (opening === null) open(link);
      await opening;
    } finally {
      release();
    }
  }

  function notConnected(): PublishError {
    return new PublishError("PUBLISH_REJECTED", "Not connected to RabbitMQ: nothing was sent", { retryable: true });
  }

  function write(message: Outgoing, passage: Passage | undefined): Promise<void> {
    if (passage?.isOver === true) return Promise.reject(givenUp());
    if (passage !== undefined) passage.withdraw = null;
    return confirms === null ? Promise.reject(notConnected()) : confirms.send(message);
  }

  function hold(message: Outgoing, passage: Passage | undefined, reason: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: Held = { message, passage, resolve, reject };
      held.add(entry);
      if (passage === undefined) return;
      passage.withdraw = () => {
        held.delete(entry);
        reject(givenUp());
        return `RabbitMQ takes no publications now: ${reason}`;
      };
    });
  }

  function sendHeld(): void {
    const sending = [...held];
    held.clear();
    for (const { message, passage, resolve } of sending) resolve(write(message, passage));
  }

  function rejectHeld(): void {
    const failing = [...held];
    held.clear();
    for (const { reject } of failing) reject(notConnected());
  }

  return {
    get ready() {
      return confirms !== null;
    },
    connect,
    async send(message, passage) {
      const { link } = session;
      if (link === null) throw notConnected();
      if (link.blocked !== null) return hold(message, passage, link.blocked);
      if (confirms === null && opening !== null) await opening.catch(() => {});
      return write(message, passage);
    },
  };
}

function givenUp(): PublishError {
  return new PublishError("PUBLISH_REJECTED", "Nobody waited for it any more: nothing was sent");
}
