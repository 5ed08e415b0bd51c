/** Which queues a worker of ours may not take from: a set that everyone shares, read again when the server tells that it changed. */
import type { Clock, Timer } from "../../clock.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { pausedKey } from "./keys.ts";
import type { Session } from "./session.ts";

export interface PauseWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly session: Session;
  changed(paused: ReadonlySet<string>): void;
}

/** Without tracking: so long between two looks. */
const pollMs = 1_000;
/** With it, in case that a notice was lost. */
const lookAgainMs = 30_000;

export class PauseWatch {
  readonly #options: PauseWatchOptions;
  #timer: Timer | null = null;

  constructor(options: PauseWatchOptions) {
    this.#options = options;
  }

  /** Before anything is claimed. Rejects as the server answers. */
  async start(): Promise<void> {
    const { clock, session } = this.#options;
    session.onChange((keys) => {
      if (keys === null || keys.includes(pausedKey)) void this.#lookAgain();
    });
    await this.#look();
    this.#timer = clock.every(session.tracks ? lookAgainMs : pollMs, () => void this.#lookAgain());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { session, changed } = this.#options;
    session.track(pausedKey);
    changed(new Set((await session.data.call("SMEMBERS", pausedKey)) as string[]));
  }

  async #lookAgain(): Promise<void> {
    const { session, logger } = this.#options;
    try {
      await this.#look();
    } catch (error) {
      if (session.data.isOpen) logger.debug("Redis did not tell which queues are paused; asked again", { reason: reasonOf(error) });
    }
  }
}
