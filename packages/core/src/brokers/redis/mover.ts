/** Moves parked messages to their lists when they are due: one timer, set by the earliest, and set anew when something is parked that is due before it. */
import type { Clock, Timer } from "../../clock.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { grouped } from "../../redis/connection.ts";
import { delayKey, firstDueKey } from "./keys.ts";
import { parkingKeys } from "./parking.ts";
import { scripts } from "./scripts.ts";
import type { Session } from "./session.ts";

export interface MoverOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly session: Session;
  readonly lists: readonly string[];
  /** Nothing is waited for longer than this without looking again. */
  readonly checkMs: number;
}

const pageMessages = 100;
/** Without tracking, and after a refusal: so long between two looks. */
const pollMs = 1_000;

export class Mover {
  readonly #options: MoverOptions;
  /** what is touched when another message is due first → its list */
  #lists: ReadonlyMap<string, string>;
  /** lists whose parked messages are looked at next time */
  readonly #changed = new Set<string>();
  readonly #dueAt = new Map<string, number>();
  #timer: Timer | null = null;
  #isLooking = false;
  #isStopped = false;

  constructor(options: MoverOptions) {
    this.#options = options;
    this.#lists = byFirstDueKey(options.lists);
    options.session.onChange((keys) => {
      const lists = keys === null ? this.#lists.values() : keys.flatMap((key) => this.#lists.get(key) ?? []);
      for (const list of lists) this.#changed.add(list);
      if (this.#changed.size > 0) void this.#look();
    });
  }

  start(): void {
    for (const list of this.#lists.values()) this.#changed.add(list);
    void this.#look();
  }

  /** From now on these are watched. */
  setLists(lists: readonly string[]): void {
    const before = new Set(this.#lists.values());
    this.#lists = byFirstDueKey(lists);
    for (const list of lists) if (!before.has(list)) this.#changed.add(list);
    for (const list of before) if (!lists.includes(list)) this.#dueAt.delete(list);
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
        const lists = [...this.#changed];
        this.#changed.clear();
        for (const group of grouped(lists, this.#options.session.data)) await this.#lookAt(group);
      }
    } catch (error) {
      const { logger, session } = this.#options;
      if (session.data.isOpen) logger.warn("Delayed messages could not be moved; tried again", { reason: reasonOf(error) });
      for (const list of this.#lists.values()) this.#dueAt.set(list, this.#options.clock.monotonic() + pollMs);
    }
    this.#isLooking = false;
    this.#arm();
  }

  /** Lists that are together. */
  async #lookAt(lists: readonly string[]): Promise<void> {
    const { session } = this.#options;
    const watched = lists.map(firstDueKey);
    // Before the move: what is parked in between is told. Of the messages themselves nothing is, however many are parked behind the first.
    session.track(watched[0] as string);
    const [, present] = await Promise.all([session.data.call("EXISTS", ...watched), session.data.call("EXISTS", ...lists.map(delayKey))]);
    if (present === 0) for (const list of lists) this.#dueAt.delete(list);
    else for (const list of lists) await this.#move(list);
  }

  async #move(list: string): Promise<void> {
    const { session, clock, checkMs } = this.#options;
    // Not watched any more since it was noted.
    if (!this.#lists.has(firstDueKey(list))) return void this.#dueAt.delete(list);
    const keys = [list, ...parkingKeys(list, session.data)];
    for (;;) {
      const [moved, waitMs] = (await session.data.run(scripts.moveDue, keys, [pageMessages])) as [number, number];
      if (waitMs < 0) this.#dueAt.delete(list);
      else this.#dueAt.set(list, clock.monotonic() + Math.min(waitMs, checkMs));
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
    for (const list of this.#lists.values()) {
      const dueAt = this.#dueAt.get(list);
      if (!this.#options.session.tracks || (dueAt !== undefined && dueAt <= now)) this.#changed.add(list);
    }
    if (this.#changed.size === 0) this.#arm();
    else void this.#look();
  }
}

function byFirstDueKey(lists: readonly string[]): ReadonlyMap<string, string> {
  return new Map(lists.map((list) => [firstDueKey(list), list]));
}
