/** Publishes over a session: keeps a confirmed channel open on whichever connection there is, and waits while the broker takes nothing. */
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
   * Not connected, or lost while held: PUBLISH_REJECTED. Lost after it was written: PUBLISH_UNCERTAIN.
   */
  send(message: Outgoing): Promise<void>;
}

interface Held {
  readonly message: Outgoing;
  readonly resolve: (sent: Promise<void>) => void;
  readonly reject: (error: PublishError) => void;
}

/** Closed with its session. */
export function createOutbox(session: Session, { clock, logger }: DriverContext): Outbox {
  let confirms: Confirms | null = null;
  let opening: Promise<void> | null = null;
  let held: Held[] = [];

  session.listen({
    up(link) {
      link.onEnd(() => rejectHeld());
      link.onBlocked((reason) => {
        if (reason === null) sendHeld();
        else logger.warn("RabbitMQ takes no publications now; they wait", { reason });
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

  function write(message: Outgoing): Promise<void> {
    return confirms === null ? Promise.reject(notConnected()) : confirms.send(message);
  }

  function sendHeld(): void {
    const sending = held;
    held = [];
    for (const { message, resolve } of sending) resolve(write(message));
  }

  function rejectHeld(): void {
    const failing = held;
    held = [];
    for (const { reject } of failing) reject(notConnected());
  }

  return {
    get ready() {
      return confirms !== null;
    },
    connect,
    async send(message) {
      const { link } = session;
      if (link === null) throw notConnected();
      if (link.blocked !== null) return new Promise<void>((resolve, reject) => held.push({ message, resolve, reject }));
      if (confirms === null && opening !== null) await opening.catch(() => {});
      return write(message);
    },
  };
}
