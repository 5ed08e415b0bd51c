/** Hears the events of workers and producers and hands them to the history as they came; asks workers to tell them; notices when the broker is away. */
import {
  type AppRuntime,
  callOf,
  type Envelope,
  type Logger,
  partsOf,
  reasonOf,
  type Subscription,
  subscribeToEvents,
  tellWorkers,
} from "@celeriac/core/runtime";
import type { HeardMessage, History, WorkerRecord } from "./history/history.ts";

export interface Ear {
  /** Since when the broker cannot be reached, epoch seconds; null: it can. */
  readonly awaySince: number | null;
  /** When it began to hear, or again after the last break, epoch seconds; null: it has not heard yet. */
  readonly hearsSince: number | null;
  /** when an event was last heard, epoch seconds; null: none was since the start */
  readonly heardAt: number | null;
  /** What the history is told, as well; gives how to end it. `heard` must not throw. */
  follow(heard: (message: HeardMessage) => void): () => void;
  /** A worker has come: it is told to tell task events now, and not with the next round. */
  welcome(workers: readonly Pick<WorkerRecord, "hostname" | "online">[]): void;
  /** Called once it hears, at once where it does, and again after each break: what happened before then is not heard any more. Must not throw. */
  whenHearing(called: () => void): void;
  close(): Promise<void>;
}

export interface EarOptions {
  readonly runtime: AppRuntime;
  readonly history: Pick<History, "hear">;
  readonly logger: Logger;
  /** Tell all workers again and again to tell task events. */
  readonly enableEvents: boolean;
}

/** Flower's: so long a worker that has just started tells nothing of its tasks. */
const roundMs = 5_000;
/** Whether the connection is gone costs nothing to look at. */
const lookMs = 500;
const longestWaitMs = 5_000;
/** A start does not wait longer for the broker. */
const patienceMs = 2_000;

/** Resolves when it hears, or after two seconds: until the broker is there, the monitor shows what it has. Throws CONFIG_* for a broker that cannot be. */
export async function openEar({ runtime, history, logger, enableEvents }: EarOptions): Promise<Ear> {
  const control = await partsOf(runtime);
  const { broker } = control;
  const { clock, settings } = runtime;
  const ending = new AbortController();
  let heardAt: number | null = null;
  let awaySince: number | null = clock.now() / 1_000;
  let hearsSince: number | null = null;
  let isTold = false;
  let isInRound = false;
  let subscription: Subscription | null = null;
  const listeners: (() => void)[] = [];
  const online = new Set<string>();
  const followers = new Set<(message: HeardMessage) => void>();

  const opening = subscribe();
  const rounds = clock.every(roundMs, () => void round());
  const looks = clock.every(lookMs, () => {
    if (!broker.connected) void round();
  });

  async function subscribe(): Promise<void> {
    for (let waitMs = 250; !ending.signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        await broker.connect();
        const heard = ({ body, headers, properties }: Envelope) => {
          heardAt = clock.now() / 1_000;
          const message = { body, headers, contentType: properties.contentType };
          history.hear(message);
          for (const follower of followers) follower(message);
        };
        subscription = await subscribeToEvents(broker, settings, { heard, resumed: () => void hearing() });
        await hearing();
        return;
      } catch (error) {
        away(error);
      }
      await clock.sleep(waitMs, ending.signal);
    }
  }

  /** From now on. Never rejects. */
  async function hearing(): Promise<void> {
    there();
    hearsSince = clock.now() / 1_000;
    for (const called of listeners) called();
    await askForEvents().catch(away);
  }

  async function round(): Promise<void> {
    if (subscription === null || isInRound || ending.signal.aborted) return;
    isInRound = true;
    try {
      await broker.health();
      there();
      await askForEvents();
    } catch (error) {
      away(error);
    } finally {
      isInRound = false;
    }
  }

  async function askForEvents(): Promise<void> {
    if (enableEvents) await tellWorkers(control, callOf("enable_events", {}, {}));
  }

  function there(): void {
    if (isTold && awaySince !== null) logger.info("the broker is back", { awaySeconds: Math.round(clock.now() / 1_000 - awaySince) });
    awaySince = null;
    isTold = false;
  }

  function away(error: unknown): void {
    if (ending.signal.aborted) return;
    awaySince ??= clock.now() / 1_000;
    if (isTold) return;
    isTold = true;
    logger.warn("the broker cannot be reached: what happens meanwhile is not heard", { reason: reasonOf(error) });
  }

  // Who started it may count on it, where the broker is there.
  await Promise.race([opening, clock.sleep(patienceMs, ending.signal, { background: true })]);
  return {
    get awaySince() {
      return awaySince;
    },
    get hearsSince() {
      return hearsSince;
    },
    get heardAt() {
      return heardAt;
    },
    follow(heard) {
      followers.add(heard);
      return () => followers.delete(heard);
    },
    welcome(workers) {
      let isNew = false;
      for (const worker of workers) {
        if (!worker.online) online.delete(worker.hostname);
        else if (!online.has(worker.hostname)) {
          online.add(worker.hostname);
          isNew = true;
        }
      }
      if (isNew && subscription !== null) askForEvents().catch(away);
    },
    whenHearing(called) {
      listeners.push(called);
      if (hearsSince !== null) called();
    },
    async close() {
      ending.abort();
      for (const timer of [rounds, looks]) timer.cancel();
      await opening;
      await subscription?.close();
    },
  };
}
