/** Sends what was stamped until the broker has it or will never take it, and has that written down. */
import {
  type Clock,
  type EntryDefinition,
  type Logger,
  PublishError,
  reasonOf,
  type ScheduleStore,
  type Sender,
  sendScheduled,
  type Tick,
} from "@celeriac/core/runtime";

export interface CourierParts {
  readonly sender: Sender;
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The store's clock. */
  now(): number;
  /** false: another beat sends what is left */
  goesOn(): boolean;
}

/** "left": it is stamped still, for whoever leads next */
export type Sending = "sent" | "refused" | "left";

const firstWaitMs = 250;
const longestWaitMs = 5_000;
/** What is written down in one go holds up everybody else in the store. */
const mostAtOnce = 500;

export class Courier {
  readonly #parts: CourierParts;
  /** sent, and not written down yet: task id → when */
  readonly #unconfirmed = new Map<string, number>();
  #confirming: Promise<void> | null = null;

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async send(tick: Tick, definition: EntryDefinition): Promise<Sending> {
    const { sender, clock, logger, store, goesOn, now } = this.#parts;
    const { name, dueAt, taskId } = tick;
    const facts = { entry: name, task: definition.call.task, taskId, dueAt: new Date(dueAt).toISOString() };
    for (let waitMs = firstWaitMs; goesOn(); waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        await sendScheduled(sender, definition, { taskId, dueAt });
        logger.info("beat-sent", { ...facts, lateMs: Math.round(now() - dueAt) });
        this.#confirm(taskId);
        return "sent";
      } catch (error) {
        const isFinal = !PublishError.is(error) || !(error.retryable || error.code === "PUBLISH_UNCERTAIN");
        logger[isFinal ? "error" : "warn"](isFinal ? "beat-refused" : "beat-delayed", { ...facts, reason: reasonOf(error) });
        if (isFinal) {
          await store.withdraw([taskId]).catch((cause: unknown) => logger.debug("a stamp stays", { ...facts, reason: reasonOf(cause) }));
          return "refused";
        }
      }
      await clock.sleep(waitMs);
    }
    return "left";
  }

  /** Writes down what was sent, all of it at once; what cannot be written now is with the next. */
  async flush(): Promise<void> {
    while (this.#confirming !== null) await this.#confirming;
    if (this.#unconfirmed.size > 0) await this.#write();
  }

  #confirm(taskId: string): void {
    this.#unconfirmed.set(taskId, this.#parts.now());
    this.#confirming ??= Promise.resolve()
      .then(() => this.#write())
      .finally(() => {
        this.#confirming = null;
      });
  }

  async #write(): Promise<void> {
    const { store, logger } = this.#parts;
    while (this.#unconfirmed.size > 0) {
      const batch = firstOf(this.#unconfirmed.keys(), mostAtOnce);
      try {
        await store.confirm(batch, Math.round(this.#parts.now()));
      } catch (error) {
        logger.debug("what was sent is not written down yet", { reason: reasonOf(error) });
        return;
      }
      for (const taskId of batch) this.#unconfirmed.delete(taskId);
    }
  }
}

function firstOf<T>(items: Iterable<T>, count: number): readonly T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length === count) break;
    first.push(item);
  }
  return first;
}
