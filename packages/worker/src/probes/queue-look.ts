/** What waits in the worker's queues, asked when somebody wants to know: one question at a time, not too often, of so many queues. */
import { type Broker, type Clock, createFresh, type Logger, type QueueFacts, queueFacts, reasonOf } from "@celeriac/core/runtime";

export interface QueueLook {
  /** null: the broker could not be asked, or has not answered yet. Never rejects. */
  facts(): Promise<readonly QueueFacts[] | null>;
  readonly failures: number;
}

export interface QueueLookOptions {
  readonly broker: () => Broker | null;
  readonly queues: () => readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** However many scrape: the broker is asked once in so long. */
const freshMs = 5_000;
/** Whoever scrapes is answered without them by then. */
const patienceMs = 2_000;
const mostQueues = 100;

export function createQueueLook({ broker, queues, clock, logger }: QueueLookOptions): QueueLook {
  const fresh = createFresh(clock, freshMs, () => ask(broker()!));
  let failures = 0;
  let told: string | null = null;

  async function ask(asked: Broker): Promise<readonly QueueFacts[] | null> {
    try {
      if (!asked.connected) await asked.connect();
      const facts = await queueFacts(asked, queues().slice(0, mostQueues));
      told = null;
      return facts;
    } catch (error) {
      failures++;
      const reason = reasonOf(error);
      // Each reason is news once.
      if (reason !== told) logger.warn("the broker could not be asked about its queues for /metrics", { reason });
      told = reason;
      return null;
    }
  }

  return {
    async facts() {
      if (broker() === null) return null;
      const patience = new AbortController();
      const late = clock.sleep(patienceMs, patience.signal, { background: true }).then(() => null);
      const facts = await Promise.race([fresh.get(), late]);
      patience.abort();
      return facts;
    },
    get failures() {
      return failures;
    },
  };
}
