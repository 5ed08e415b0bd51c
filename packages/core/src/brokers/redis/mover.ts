/** Moves parked messages to their lists when they are due: one timer, set by the earliest, and set anew when a notice says that something was parked. */
import type { Clock, Timer } from "../../clock.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { grouped } from "../../redis/connection.ts";
import { delayKey } from "./keys.ts";
import { parkingKeys } from "./parking.ts";
import { scripts } from "./scripts.ts";
import type { Session } from "./session.ts";

export interface MoverOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly session: Session;
  readonly lists: readonly string[];
}

const pageMessages = 100;
/** Without tracking, and after a refusal: so long between two looks. */
const pollMs = 1_000;
/** The server's clock may be set: nothing is waited for longer than this without looking again. */
const longestWaitMs = 60_000;

export class Mover {
  readonly #options: MoverOptions;
  /** delay key → its list */
  #lists: ReadonlyMap<string, string>;
  /** delay keys to look at, next time */
  readonly #changed = new Set<string>();
  readonly #dueAt = new Map<string, number>();
  #timer: Timer | null = null;
  #isLooking = false;
  #isStopped = false;

  constructor(options: MoverOptions) {
    this.#options = options;
    this.#lists = byDelayKey(options.lists);
    options.session.onChange((keys) => {
      for (const key of keys ?? this.#lists.keys()) if (this.#lists.has(key)) this.#changed.add(key);
      if (this.#changed.size > 0) void this.#look();
    });
  }

  start(): void {
    for (const key of this.#lists.keys()) this.#changed.add(key);
    void this.#look();
  }

  /** From now on these are watched. */
  setLists(lists: readonly string[]): void {
    const before = this.#lists;
    this.#lists = byDelayKey(lists);
    for (const key of this.#lists.keys()) if (!before.has(key)) this.#changed.add(key);
    for (const key of before.keys()) if (!this.#lists.has(key)) this.#dueAt.delete(key);
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    try {
      while (this.#changed.size > 0 && !this.#isStopped) {
        const keys = [...this.#changed];
        this.#changed.clear();
        for (const group of grouped(keys, this.#options.session.data)) await this.#lookAt(group);
      }
    } catch (error) {
      const { logger, session } = this.#options;
      if (session.data.isOpen) logger.warn("Delayed messages could not be moved; tried again", { reason: reasonOf(error) });
      for (const key of this.#lists.keys()) this.#dueAt.set(key, this.#options.clock.monotonic() + pollMs);
    }
    this.#isLooking = false;
    this.#arm();
  }

  /** Keys that are together. */
  async #lookAt(keys: readonly string[]): Promise<void> {
    const { session } = this.#options;
    // Before the move: what is parked in between is told.
    session.track(keys[0] as string);
    const present = await session.data.call("EXISTS", ...keys);
    if (present === 0) for (const key of keys) this.#dueAt.delete(key);
    else for (const key of keys) await this.#move(key);
  }

  async #move(key: string): Promise<void> {
    const { session, clock } = this.#options;
    const list = this.#lists.get(key);
    // Not watched any more since it was noted.
    if (list === undefined) return void this.#dueAt.delete(key);
    const keys = [list, ...parkingKeys(list, session.data)];
    for (;;) {
      const [moved, waitMs] = (await session.data.run(scripts.moveDue, keys, [pageMessages])) as [number, number];
      if (waitMs < 0) this.#dueAt.delete(key);
      else this.#dueAt.set(key, clock.monotonic() + Math.min(waitMs, longestWaitMs));
      if (moved < pageMessages || this.#isStopped) return;
    }
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isStopped || !this.#options.session.data.isOpen) return;
    const { clock, session } = this.#options;
    const earliest = Math.min(...this.#dueAt.values());
    const waitMs = Math.min(Math.max(0, earliest - clock.monotonic()), session.tracks ? Number.POSITIVE_INFINITY : pollMs);
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.after(waitMs, () => this.#wake());
  }

  #wake(): void {
    const now = this.#options.clock.monotonic();
    for (const key of this.#lists.keys()) {
      const dueAt = this.#dueAt.get(key);
      if (!this.#options.session.tracks || (dueAt !== undefined && dueAt <= now)) this.#changed.add(key);
    }
    if (this.#changed.size === 0) this.#arm();
    else void this.#look();
  }
}

function byDelayKey(lists: readonly string[]): ReadonlyMap<string, string> {
  return new Map(lists.map((list) => [delayKey(list), list]));
}
