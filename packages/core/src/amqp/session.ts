/** Keeps one connection to RabbitMQ open for as long as somebody wants it: one shared attempt to begin with, then again and again after each loss. */
import type { DriverContext } from "../driver.ts";
import { BrokerError, reasonOf } from "../errors.ts";
import { withFields } from "../logger.ts";
import { createRetryLog } from "../retry-log.ts";
import type { AmqpAddress } from "./address.ts";
import type { Failover } from "./failover.ts";
import { noneReached } from "./failure.ts";
import { type Link, openLink } from "./link.ts";

export interface SessionListener {
  /** A connection is open: the first one, or one after a loss. */
  up(link: Link): void;
  /** The connection is gone; another is being tried. Not called by `close`. */
  down(error: unknown): void;
}

export interface Session {
  /** The open connection, or null. */
  readonly link: Link | null;
  /**
   * Once it succeeded, losses heal by themselves. One attempt on each server in turn, shared. Throws BROKER_UNREACHABLE, BROKER_AUTH, BROKER_TLS,
   * BROKER_REFUSED, BROKER_CLOSED.
   */
  connect(): Promise<Link>;
  /** Listens until the returned function is called. */
  listen(listener: SessionListener): () => void;
  /** Keeps the process alive until the returned function is called: nothing else of a session does, but an attempt to connect that somebody waits for. */
  hold(): () => void;
  /** Safe to call twice. */
  close(): Promise<void>;
}

/** Waits between attempts, ms: from the first, doubled up to the longest, less up to a quarter at random. */
const firstWaitMs = 50;
const longestWaitMs = 1_500;

export function createSession(servers: Failover, context: DriverContext, name: string): Session {
  const { clock, logger: plainLogger } = context;
  const logger = withFields(plainLogger, { connection: name });
  const listeners = new Set<SessionListener>();
  const closing = new AbortController();
  let holders = 0;
  let link: Link | null = null;
  let attempt: Promise<Link> | null = null;

  function connect(): Promise<Link> {
    if (closing.signal.aborted) return Promise.reject(new BrokerError("BROKER_CLOSED", "The broker's driver was closed"));
    if (link !== null) return Promise.resolve(link);
    attempt ??= open().finally(() => {
      attempt = null;
    });
    return attempt;
  }

  async function open(): Promise<Link> {
    const failures: BrokerError[] = [];
    for (const address of servers.inTurn()) {
      try {
        const opened = await openOn(address);
        servers.reached(address);
        if (failures.length > 0) logger.warn("Connected to another RabbitMQ", { broker: opened.label, passedOver: failures.map(reasonOf) });
        return opened;
      } catch (error) {
        if (closing.signal.aborted || !BrokerError.is(error)) throw error;
        failures.push(error);
      }
    }
    throw noneReached(failures);
  }

  async function openOn(address: AmqpAddress): Promise<Link> {
    const opened = await openLink(address, { name, clock, logger: plainLogger });
    if (closing.signal.aborted) {
      await opened.close();
      throw new BrokerError("BROKER_CLOSED", "The broker's driver was closed while it connected");
    }
    if (opened.ended !== null) throw new BrokerError("BROKER_UNREACHABLE", `RabbitMQ closed the connection at once (${address.label})`);
    link = opened;
    opened.hold(holders > 0);
    opened.onEnd((error) => lose(opened, error));
    for (const listener of listeners) listener.up(opened);
    return opened;
  }

  function lose(lost: Link, error: unknown): void {
    if (link !== lost) return;
    link = null;
    if (closing.signal.aborted) return;
    logger.warn("The connection to RabbitMQ was lost; connecting again", {
      broker: lost.label,
      reason: error === undefined ? null : reasonOf(error),
    });
    for (const listener of listeners) listener.down(error);
    void reconnect();
  }

  async function reconnect(): Promise<void> {
    const log = createRetryLog(logger);
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
      await clock.sleep(waitMs * (1 - Math.random() / 4), closing.signal, { background: holders === 0 });
      if (closing.signal.aborted || link !== null) return;
      try {
        const { label } = await connect();
        logger.info("Connected to RabbitMQ again", { broker: label });
        return;
      } catch (error) {
        log.failed("Not connected to RabbitMQ; trying on", error);
      }
    }
  }

  return {
    get link() {
      return link;
    },
    connect,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hold() {
      if (holders++ === 0) link?.hold(true);
      let isHeld = true;
      return () => {
        if (isHeld && --holders === 0) link?.hold(false);
        isHeld = false;
      };
    },
    async close() {
      closing.abort();
      await attempt?.catch(() => {});
      await link?.close();
    },
  };
}
