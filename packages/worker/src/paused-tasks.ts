/** Which of a worker's tasks are paused, in the whole fleet: read from the broker before anything is taken, and again and again. */
import { type Broker, type Clock, type Logger, reasonOf, type Timer } from "@celeriac/core/runtime";
import { Spread } from "./spread.ts";

/** Within 2 s it is heeded. */
const lookEveryMs = 1_500;
/** Where the broker tells, in case that a notice was lost. */
const lookAgainMs = 30_000;
/** What is put off is looked at again within 5 s while some hundred wait, and within a minute however many: the broker moves each every time. */
const pace = { firstMs: 4_000, gapMs: 5, longestMs: 60_000 } as const;

export interface PausedTasksParts {
  /** of the tasks that may run here */
  readonly names: () => readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export class PausedTasks {
  readonly #parts: PausedTasksParts;
  /** task → where its messages go meanwhile */
  #paused: ReadonlyMap<string, Spread> = new Map();
  #broker: Pick<Broker, "pausedTasks"> | null = null;
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;

  constructor(parts: PausedTasksParts) {
    this.#parts = parts;
  }

  /** Looks, and from then on all the time, or when the broker tells that there is something to see. Rejects while the broker is not connected; one that does not tell, as while it takes no publications, is no reason not to work. */
  async watch(broker: Pick<Broker, "pausedTasks" | "connected" | "tellsPauses">): Promise<void> {
    const { clock, logger } = this.#parts;
    this.#broker = broker;
    try {
      await this.#lookNow(broker);
    } catch (error) {
      if (!broker.connected) throw error;
      logger.warn("it is not known which tasks are paused, asked again", { reason: reasonOf(error) });
    }
    this.#timer ??= clock.every(broker.tellsPauses ? lookAgainMs : lookEveryMs, () => this.lookAgain());
  }

  /** What is paused may have changed. */
  lookAgain(): void {
    const { logger } = this.#parts;
    if (this.#broker === null) return;
    this.#lookNow(this.#broker).catch((error: unknown) =>
      logger.debug("the broker did not tell which tasks are paused", { reason: reasonOf(error) }),
    );
  }

  stop(): void {
    this.#timer?.cancel();
  }

  has(task: string): boolean {
    return this.#paused.size > 0 && this.#paused.has(task);
  }

  /** Of one that is paused: after how many ms its next message is to be looked at again. */
  waitMs(task: string): number {
    return this.#paused.get(task)!.place(this.#parts.clock.monotonic(), pace);
  }

  async #lookNow({ pausedTasks }: Pick<Broker, "pausedTasks">): Promise<void> {
    this.#looking ??= this.#look(pausedTasks).finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  async #look(pausedTasks: Broker["pausedTasks"]): Promise<void> {
    const { names, logger } = this.#parts;
    const paused = await pausedTasks.paused(names());
    const before = this.#paused;
    for (const task of before.keys()) if (!paused.has(task)) logger.info("task resumed", { task });
    for (const task of paused) if (!before.has(task)) logger.info("task paused", { task });
    this.#paused = new Map([...paused].map((task) => [task, before.get(task) ?? new Spread()]));
  }
}
