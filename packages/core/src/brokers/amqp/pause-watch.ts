/** What one consumer knows of paused queues: asked again and again, for RabbitMQ tells nobody of a binding. */
import { atMost } from "../../amqp/patience.ts";
import type { Clock, Timer } from "../../clock.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { PauseStore } from "../../pauses.ts";

export interface PauseWatchOptions {
  readonly pauses: PauseStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** those it is asked of */
  queues(): readonly string[];
  /** Others than before are paused. */
  changed(): void;
}

/** So often it is asked; an answer that does not come is not waited for, for a blocked broker gives none. */
const everyMs = 1_500;
const answerLimitMs = 2_000;

export class PauseWatch {
  readonly #options: PauseWatchOptions;
  #paused: ReadonlySet<string> = new Set();
  #timer: Timer | null = null;
  #asking: Promise<void> | null = null;

  constructor(options: PauseWatchOptions) {
    this.#options = options;
  }

  get paused(): ReadonlySet<string> {
    return this.#paused;
  }

  start(): void {
    this.#timer = this.#options.clock.every(everyMs, () => void this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Asks now. Never rejects: what cannot be asked stays as it was known. */
  async read(): Promise<void> {
    const { pauses, clock, logger, queues } = this.#options;
    this.#asking ??= pauses
      .of(queues())
      .then((paused) => {
        const isSame = paused.size === this.#paused.size && [...paused].every((queue) => this.#paused.has(queue));
        if (!isSame) this.#paused = paused;
      })
      .catch((error) => logger.debug("RabbitMQ did not tell which queues are paused; asked again", { reason: reasonOf(error) }))
      .finally(() => {
        this.#asking = null;
      });
    await atMost(clock, answerLimitMs, this.#asking);
  }

  async #look(): Promise<void> {
    const before = this.#paused;
    await this.read();
    if (this.#paused !== before) this.#options.changed();
  }
}
