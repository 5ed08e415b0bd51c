/** Makes ready what was stamped, sends it when it is due until the broker has it or will never take it, and has that written down. */
import {
  type Clock,
  type Departure,
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
  /** Of what leaves then. */
  sender(departure: Departure): Pick<Sender, "send" | "sendComposite" | "handle">;
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The store's clock. */
  now(): number;
  /** The leader's token, as far as is known; with another one, or none, what is left is sent by whoever has that. */
  term(): number | null;
  /** The same where it is certain. */
  token(): number | null;
  /** What could not be sent at once is left to the next leader then. */
  isStopping(): boolean;
}

/** "left": it is stamped still, for whoever leads next */
export type Sending = "sent" | "refused" | "left";

const firstWaitMs = 250;
const longestWaitMs = 5_000;
/** What is sent or written down in one go holds up everybody else in the store, and less of it takes hardly less time. */
const mostAtOnce = 500;

export class Courier {
  readonly #parts: CourierParts;
  /** sent, and not written down yet: task id → when */
  readonly #unconfirmed = new Map<string, number>();
  #confirming: Promise<void> | null = null;
  /** sent, and not said yet */
  readonly #untold: object[] = [];
  /** what is stamped and not due yet: due time → those who wait for it */
  readonly #early = new Map<number, (() => void)[]>();

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** When the next one that it has is due, epoch ms. */
  get nextAt(): number | null {
    return this.#early.size === 0 ? null : Math.min(...this.#early.keys());
  }

  /** Not before it is due. Never rejects. */
  async send(tick: Tick, definition: EntryDefinition): Promise<Sending> {
    const { clock, logger, store, isStopping, now } = this.#parts;
    const { name, dueAt, taskId } = tick;
    const term = this.#parts.term();
    const leads = () => this.#parts.token() === term;
    const facts = { entry: name, task: definition.call.task, taskId, dueAt: new Date(dueAt).toISOString() };
    const due = this.#untilDue(dueAt);
    for (let waitMs = firstWaitMs; term !== null && this.#parts.term() === term; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        await this.#sendWhen(due, leads, tick, definition);
        this.#tell({ ...facts, lateMs: Math.round(now() - dueAt) });
        this.#confirm(taskId);
        return "sent";
      } catch (error) {
        const isFinal = leads() && (!PublishError.is(error) || !(error.retryable || error.code === "PUBLISH_UNCERTAIN"));
        logger[isFinal ? "error" : "warn"](isFinal ? "beat-refused" : "beat-delayed", { ...facts, reason: reasonOf(error) });
        if (isFinal) {
          await store.withdraw([taskId]).catch((cause: unknown) => logger.debug("a stamp stays", { ...facts, reason: reasonOf(cause) }));
          return "refused";
        }
      }
      if (isStopping()) break;
      await clock.sleep(waitMs);
    }
    return "left";
  }

  /** All but the sending is done before; a process may be stopped in between, and another one lead when it goes on. */
  async #sendWhen(due: Promise<void>, leads: () => boolean, { taskId, dueAt }: Tick, definition: EntryDefinition): Promise<void> {
    const { sender, now } = this.#parts;
    const departure: Departure = {
      at: Math.max(dueAt, now()),
      async open() {
        await due;
        if (!leads()) throw new PublishError("PUBLISH_REJECTED", "nothing is sent while another beat may lead", { retryable: true });
      },
    };
    await sendScheduled(sender(departure), definition, { taskId, dueAt });
  }

  async #untilDue(dueAt: number): Promise<void> {
    if (dueAt <= this.#parts.now()) return;
    const known = this.#early.get(dueAt);
    const waiting = known ?? [];
    const turn = new Promise<void>((resolve) => waiting.push(resolve));
    if (known === undefined) {
      this.#early.set(dueAt, waiting);
      void this.#letGo(dueAt, waiting);
    }
    await turn;
  }

  async #letGo(dueAt: number, waiting: readonly (() => void)[]): Promise<void> {
    const { clock, now } = this.#parts;
    for (let leftMs = dueAt - now(); leftMs > 0; leftMs = dueAt - now()) await clock.sleep(Math.ceil(leftMs));
    this.#early.delete(dueAt);
    for (let from = 0; from < waiting.length; from += mostAtOnce) {
      for (const go of waiting.slice(from, from + mostAtOnce)) go();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Writes down what was sent, all of it at once; what cannot be written now is with the next. */
  async flush(): Promise<void> {
    this.#tellAll();
    while (this.#confirming !== null) await this.#confirming;
    if (this.#unconfirmed.size > 0) await this.#write();
  }

  /** To write a line takes longer than to send a task: those who are due at the same moment are sent first. */
  #tell(facts: object): void {
    if (this.#untold.length === 0) setImmediate(() => this.#tellAll());
    this.#untold.push(facts);
  }

  #tellAll(): void {
    for (const facts of this.#untold.splice(0)) this.#parts.logger.info("beat-sent", facts);
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
