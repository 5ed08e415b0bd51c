/**
 * Who leads: one beat of many, by a lease with a fencing token that it prolongs again and again. A leader that was silent for too long knows by
 * its own clock that it may not be one any more, before it asks.
 */
import {
  CeleriacError,
  type Clock,
  codedReasonOf,
  isUnreachable,
  type Logger,
  type Pulse,
  reasonOf,
  type ScheduleStore,
  type Timer,
} from "@celeriac/core/runtime";

export interface LeaderParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** of this beat and of no other */
  readonly holder: string;
  /** for how long a lease lasts that is not prolonged */
  readonly ttlMs: number;
  /** Asked before each look, by its own clock since when it leads (epoch ms; null: it does not). Rejects where it may not lead. */
  allowed(leadsSince: number | null): Promise<void>;
  /** It leads from now on. Awaited before the next look. */
  gained(token: number): Promise<void>;
  lost(reason: string): void;
  /** Called after each look, with the store's revision. Awaited before the next one. */
  looked(revision: number): Promise<void>;
}

/** Clocks do not drift apart in so few looks. */
const looksKept = 10;

export class Leader {
  readonly #parts: LeaderParts;
  #token: number | null = null;
  #leadsSince: number | null = null;
  #until = Number.NEGATIVE_INFINITY;
  /** by how much the store's clock was ahead of our own at least, at each of the last looks */
  #ahead: readonly number[] = [];
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  #told: string | null = null;
  #stopped = false;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
  }

  /** Why the store could not be asked the last time; null: it could. */
  get loss(): string | null {
    return this.#told;
  }

  /** The token, as far as the store has told: another one may have the lease. */
  get term(): number | null {
    return this.#token;
  }

  /** The token, while nobody else can have the lease; else null. */
  get token(): number | null {
    return this.#parts.clock.monotonic() < this.#until ? this.#token : null;
  }

  /** The store's clock, epoch ms: behind it by as long as the quickest of its last answers took, never ahead. */
  now(): number {
    return this.#parts.clock.monotonic() + Math.max(...this.#ahead);
  }

  /** The first look. Throws what keeps the store from being used at all; one that cannot be reached yet is asked again. */
  async start(): Promise<void> {
    await this.#look((error) => {
      if (!isUnreachable(error)) throw error;
    });
    this.#arm();
  }

  /** Ends without giving the lease back; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking.catch(() => {});
  }

  async resign(): Promise<void> {
    this.#token = null;
    await this.#parts.store.resign(this.#parts.holder);
  }

  /** Another one has the lease, as the store has told. */
  stepDown(reason = "another beat leads now"): void {
    if (this.#token === null) return;
    this.#token = null;
    this.#parts.lost(reason);
  }

  #arm(): void {
    if (this.#stopped) return;
    const { clock, ttlMs } = this.#parts;
    this.#timer = clock.after(ttlMs / 6, () => {
      this.#looking = this.#look(() => {}).finally(() => this.#arm());
    });
  }

  async #look(refused: (error: unknown) => void): Promise<void> {
    const { logger } = this.#parts;
    try {
      await this.#ask();
      if (this.#told !== null) logger.info("the schedule store is reachable again");
      this.#told = null;
    } catch (error) {
      const reason = codedReasonOf(error);
      // Each reason is news once.
      if (CeleriacError.is(error) && error.code === "BEAT_STORE_NOT_SHARED") this.stepDown(reason);
      this.#tell(reason);
      refused(error);
    }
  }

  #tell(reason: string): void {
    if (reason !== this.#told) this.#parts.logger.warn("the schedule store cannot be used, trying again", { reason });
    this.#told = reason;
  }

  async #ask(): Promise<void> {
    const { clock, ttlMs, allowed, looked } = this.#parts;
    await allowed(this.#token === null ? null : this.#leadsSince);
    const askedAt = clock.monotonic();
    const { token, now, revision } = await this.#pulse();
    this.#setClock(now, askedAt);
    if (token === null) this.stepDown();
    else {
      this.#until = askedAt + ttlMs;
      if (token !== this.#token) {
        this.stepDown("the lease had run out, and is taken anew");
        this.#token = token;
        this.#leadsSince = clock.now();
        await this.#begin(token);
      }
    }
    await looked(revision);
  }

  /** A file that another process has locked answers when that one is done, which may be never. */
  async #pulse(): Promise<Pulse> {
    const { store, clock, holder, ttlMs } = this.#parts;
    const late = clock.after(ttlMs, () =>
      this.#tell(`it has not answered for ${ttlMs / 1_000} s: a file may be locked by a process that is stopped`),
    );
    try {
      return await store.lead(holder, ttlMs);
    } finally {
      late.cancel();
    }
  }

  /** `storeAt`: what the store's clock showed, at some time since `askedAt` of our own. */
  #setClock(storeAt: number, askedAt: number): void {
    // Whole ms are told.
    const most = storeAt + 1 - askedAt;
    const known = this.#ahead.every((ahead) => ahead <= most) ? this.#ahead : [];
    this.#ahead = [...known, storeAt - this.#parts.clock.monotonic()].slice(-looksKept);
  }

  /** A large schedule may take longer to read than a lease lasts: it is prolonged meanwhile. */
  async #begin(token: number): Promise<void> {
    const { clock, ttlMs, gained } = this.#parts;
    let isOver = false;
    const begun = gained(token).finally(() => {
      isOver = true;
    });
    const over = begun.catch(() => {});
    const pause = () => Promise.race([over, clock.sleep(ttlMs / 6, undefined, { background: true })]);
    for (await pause(); !isOver; await pause()) await this.#prolong(token);
    // Half a leader is none: at the next look it begins anew.
    await begun.catch((error: unknown) => {
      this.stepDown("what it is to send could not be read");
      throw error;
    });
    // What it read may have kept this thread for longer than that.
    if (this.token === null) await this.#prolong(token);
  }

  /** Never rejects: a lease that was not prolonged ends, and the next look tells. */
  async #prolong(token: number): Promise<void> {
    const { store, clock, holder, ttlMs, logger } = this.#parts;
    const askedAt = clock.monotonic();
    try {
      const pulse = await store.lead(holder, ttlMs);
      if (pulse.token === token) this.#until = askedAt + ttlMs;
    } catch (error) {
      logger.debug("the lease is not prolonged yet", { reason: reasonOf(error) });
    }
  }
}
