/**
 * Tells events to whoever listens. It holds nobody up and fails nobody: what cannot be sent now is kept, so much of it, and the oldest is
 * dropped and counted. Duties: 1. dates and numbers events; 2. sends what one turn of the event loop told together; 3. tries again while the
 * broker is away.
 */
import type { Broker } from "../broker.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Settings } from "../config.ts";
import { serializers } from "../content.ts";
import type { Envelope } from "../envelope.ts";
import { CeleriacError, PublishError, reasonOf } from "../errors.ts";
import type { LamportClock } from "../lamport-clock.ts";
import { liveEnvelope } from "../live-exchange.ts";
import type { Logger } from "../logger.ts";
import type { Plain } from "../serializers/encodable.ts";
import { type CeleryEvents, type CeleryEventType, type EventFacts, groupKey, routingKeyOf } from "./celery-event.ts";
import { eventExchange } from "./exchange.ts";

export interface EventDispatcher {
  /** Never throws, waits for nothing. */
  send<T extends CeleryEventType>(type: T, fields: CeleryEvents[T]): void;
  /** Events that were dropped so far. */
  readonly dropped: number;
  /** true while what was told waits for the broker to come back */
  readonly isAway: boolean;
  /** Resolves when what was told so far is sent, or after `limitMs`; what is told later is dropped. Never rejects. */
  close(limitMs: number): Promise<void>;
}

export interface DispatcherOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly lamport: LamportClock;
  readonly settings: Pick<Settings, "eventExchange" | "eventSerializer">;
  readonly logger: Logger;
  /** of the events */
  readonly hostname: string;
  /** true: task events travel as lists, as those of Celery's workers do; false: each for itself, as those of its producers */
  readonly groups: boolean;
}

/** Kept while the broker is away. */
const mostKept = 10_000;
/** Sent together. */
const mostAtOnce = 100;
const retryMs = 1_000;

type Event = EventFacts & Readonly<Record<string, unknown>>;

export function createEventDispatcher(options: DispatcherOptions): EventDispatcher {
  const { broker, clock, lamport, settings, logger, hostname, groups } = options;
  const exchange = eventExchange(settings);
  const pid = process.pid;
  let waiting: Event[] = [];
  let sending: Promise<void> | null = null;
  let retry: Timer | null = null;
  let dropped = 0;
  let untold = 0;
  let isClosed = false;

  function drop(events: number, reason: string): void {
    dropped += events;
    if (untold === 0) logger.warn("events are dropped: the broker does not take them", { reason });
    untold += events;
  }

  function keep(events: readonly Event[]): void {
    waiting = [...events, ...waiting];
    if (waiting.length > mostKept) {
      drop(waiting.length - mostKept, `more than ${mostKept} wait`);
      waiting = waiting.slice(-mostKept);
    }
  }

  function drain(): void {
    if (sending !== null || retry !== null || waiting.length === 0) return;
    sending = new Promise<void>((resolve) => setImmediate(resolve)).then(sendAll).finally(() => {
      sending = null;
      // Told while the last ones were on their way.
      drain();
    });
  }

  /** Never rejects. */
  async function sendAll(): Promise<void> {
    while (waiting.length > 0 && retry === null) {
      const events = waiting.splice(0, mostAtOnce);
      const messages = groups ? grouped(events) : events.map((event) => [event]);
      const before = dropped;
      const unsent = await Promise.all(messages.map(sendOne));
      const kept = unsent.flat();
      if (kept.length > 0 && isClosed) {
        dropped += kept.length;
        return;
      }
      if (kept.length > 0) {
        keep(kept);
        retry = clock.after(retryMs, tryAgain, { background: true });
      } else if (untold > 0 && dropped === before) {
        logger.info("events are sent again", { dropped: untold });
        untold = 0;
      }
    }
  }

  function tryAgain(): void {
    retry = null;
    drain();
  }

  /** Gives those that the broker surely does not have, and may take later. */
  async function sendOne(events: readonly Event[]): Promise<readonly Event[]> {
    const [first] = events as [Event];
    const isGroup = groups && isTask(first);
    try {
      if (!broker.connected) await broker.connect();
      const envelope = envelopeOf(isGroup ? events : first, hostname, settings.eventSerializer);
      await broker.broadcast(exchange, isGroup ? groupKey : routingKeyOf(first.type), envelope);
      return [];
    } catch (error) {
      const mayBeSentLater = PublishError.is(error) ? error.code === "PUBLISH_REJECTED" && error.retryable : CeleriacError.is(error);
      if (mayBeSentLater) return events;
      drop(events.length, reasonOf(error));
      return [];
    }
  }

  return {
    get dropped() {
      return dropped;
    },
    get isAway() {
      return retry !== null;
    },
    send(type, fields) {
      if (isClosed) return;
      const now = clock.now();
      const clocked = lamport.forward();
      waiting.push({ hostname, utcoffset: utcOffset(now), pid, clock: clocked, ...fields, timestamp: now / 1_000, type });
      if (waiting.length > mostKept) {
        waiting.shift();
        drop(1, `more than ${mostKept} wait`);
      }
      drain();
    },
    async close(limitMs) {
      isClosed = true;
      retry?.cancel();
      tryAgain();
      const limit = new AbortController();
      await Promise.race([sending, clock.sleep(limitMs, limit.signal)]);
      limit.abort();
      retry?.cancel();
      dropped += waiting.length;
      waiting = [];
    },
  };
}

function isTask({ type }: Event): boolean {
  return type.startsWith("task-");
}

/** Task events that stand beside each other together, all others each for itself: what was told first comes first. */
function grouped(events: readonly Event[]): readonly (readonly Event[])[] {
  const groups: Event[][] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last !== undefined && isTask(event) && isTask(last[0] as Event)) last.push(event);
    else groups.push([event]);
  }
  return groups;
}

function envelopeOf(content: Event | readonly Event[], hostname: string, name: Settings["eventSerializer"]): Envelope {
  const serializer = serializers[name];
  return liveEnvelope(serializer, serializer.write(content as unknown as Plain), { hostname }, 1);
}

/** Hours west of UTC, as Celery counts them. */
function utcOffset(now: number): number {
  return Math.floor(new Date(now).getTimezoneOffset() / 60) || 0;
}
