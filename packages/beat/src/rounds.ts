/** What a leader does: whenever entries are due it decides what is sent, stamps that, sends it, and looks when they are due again. */
import {
  type AppRuntime,
  durationMs,
  type Logger,
  nextDue,
  reasonOf,
  type ScheduleStore,
  type Sender,
  type Tick,
  type Timer,
  tickId,
} from "@celeriac/core/runtime";
import type { Book, LiveEntry } from "./book.ts";
import { decide } from "./catch-up.ts";
import type { Courier } from "./courier.ts";
import { jitterOf } from "./jitter.ts";
import type { Leader } from "./leader.ts";
import { cancelRun, isUnderWay } from "./previous-run.ts";
import { Scheduler } from "./scheduler.ts";
import { nothingSent, type RoundsStats } from "./stats.ts";

export interface RoundsParts {
  readonly runtime: AppRuntime;
  readonly sender: Sender;
  readonly store: ScheduleStore;
  readonly logger: Logger;
  readonly book: Book;
  readonly courier: Courier;
  readonly leader: Leader;
}

/** So long before it is due an entry is decided and stamped: when it is, nothing but sending is left to be done. */
const aheadMs = 50;
/** However far the next due time is. */
const longestWaitMs = 60_000;
/** So many entries in one round: what is stamped in one write holds up everybody else in the store. */
const mostAtOnce = 500;
/** When something stood in the way. */
const againMs = 1_000;

interface Choice {
  readonly entry: LiveEntry;
  readonly ticks: readonly Tick[];
  readonly passed: readonly Pick<Tick, "name" | "dueAt">[];
}

export class Rounds {
  readonly #parts: RoundsParts;
  readonly #scheduler = new Scheduler();
  /** entries of which something is being sent: they are looked at again when it is over */
  readonly #busy = new Set<string>();
  readonly #underWay = new Set<Promise<unknown>>();
  #timer: Timer | null = null;
  /** what the timer waits for, epoch ms */
  #armedFor: number | null = null;
  /** What there is to send is known. */
  #begun = false;
  #stopped = false;
  #stats: RoundsStats = nothingSent;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  get stats(): RoundsStats {
    return this.#stats;
  }

  /** When an entry is due next, epoch ms. */
  get nextAt(): number | null {
    const { courier, book } = this.#parts;
    const entry = book.get(this.#scheduler.next?.name ?? "");
    const soonest = Math.min(courier.nextAt ?? Number.POSITIVE_INFINITY, (entry && this.#dueAt(entry)) ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(soonest) ? soonest : null;
  }

  /**
   * Begins to lead: each entry is sent from when it was read. One of which another leader had stamped something is held until all are read, and that
   * is sent first.
   */
  async begin(read: () => Promise<void>): Promise<void> {
    const { store, book } = this.#parts;
    const stamped = await store.stamped();
    const held = new Set(stamped.map(({ name }) => name));
    for (const name of held) this.#busy.add(name);
    this.#begun = true;
    try {
      await read();
      const left = held.size === 0 ? [] : await this.#leftOf(stamped);
      for (const [name, ticks] of left) {
        const entry = book.get(name);
        if (entry === undefined) await store.withdraw(ticks.map(({ taskId }) => taskId));
        else if (held.delete(name)) this.#track(this.#carry(ticks, entry));
      }
      // Those were sent after all, and have been counted since.
      for (const name of held) await book.reread(name);
    } finally {
      for (const name of held) this.#free(name);
    }
  }

  /** By their entries; those that were sent were written down by another leader since. */
  async #leftOf(stamped: readonly Tick[]): Promise<ReadonlyMap<string, readonly Tick[]>> {
    const known = new Set(stamped.map(({ taskId }) => taskId));
    const left = new Map<string, Tick[]>();
    for (const tick of await this.#parts.store.stamped())
      if (known.has(tick.taskId)) left.set(tick.name, [...(left.get(tick.name) ?? []), tick]);
    return left;
  }

  /** Another one leads. */
  end(): void {
    this.#begun = false;
    this.#disarm();
    this.#scheduler.clear();
  }

  /** Resolves when nothing is being sent any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.end();
    await Promise.allSettled(this.#underWay);
  }

  /** Looks anew when the entry is due. */
  plan(name: string): void {
    if (this.#busy.has(name) || this.#stopped) return;
    const entry = this.#parts.book.get(name);
    this.#scheduler.set(name, entry === undefined ? null : this.#lookAt(entry));
    this.#arm();
  }

  /** Whether a task has ended, that the next one is not to overlap with, is not asked before that one is due. */
  #lookAt(entry: LiveEntry): number | null {
    const due = this.#dueAt(entry);
    return due === null || entry.definition.overlap !== "allow" ? due : due - aheadMs;
  }

  /** With its jitter. */
  #dueAt(entry: LiveEntry): number | null {
    try {
      const due = nextDue(entry);
      return due === null ? null : due + jitterOf(entry.definition, due);
    } catch (error) {
      this.#parts.logger.error("an entry's schedule failed: it is not sent", { entry: entry.definition.name, reason: reasonOf(error) });
      return null;
    }
  }

  /** Thousands of changes may come in one turn: the timer is set anew only where the soonest one is another. */
  #arm(): void {
    const { leader, runtime } = this.#parts;
    const nextAt = this.#stopped || !this.#begun ? null : (this.#scheduler.next?.at ?? null);
    if (this.#timer !== null && nextAt === this.#armedFor) return;
    this.#disarm();
    if (nextAt === null) return;
    this.#armedFor = nextAt;
    const waitMs = Math.min(Math.max(0, nextAt - leader.now()), longestWaitMs);
    this.#timer = runtime.clock.after(waitMs, () => this.#wake());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#armedFor = null;
  }

  #wake(): void {
    const { leader } = this.#parts;
    this.#disarm();
    // A lease that may be over: the next look at the store tells.
    if (leader.token === null) {
      this.#timer = this.#parts.runtime.clock.after(againMs, () => this.#wake());
      return;
    }
    const names = this.#scheduler.take(leader.now(), mostAtOnce);
    if (names.length > 0) this.#track(this.#round(names, leader.token));
    this.#arm();
  }

  async #round(names: readonly string[], token: number): Promise<void> {
    const { book, store, leader, logger } = this.#parts;
    for (const name of names) this.#busy.add(name);
    try {
      const chosen = await Promise.all(names.flatMap((name) => book.get(name) ?? []).map((entry) => this.#choose(entry)));
      const ticks = chosen.flatMap((each) => each.ticks);
      const passed = chosen.flatMap((each) => each.passed);
      if (ticks.length + passed.length > 0 && (await store.stamp(token, ticks, passed)) === "lost") {
        // Whoever leads now has them; when we do again, they are planned anew.
        for (const name of names) this.#busy.delete(name);
        return leader.stepDown();
      }
      for (const { name, dueAt } of [...passed, ...ticks]) book.note(name, () => ({ lastDueAt: dueAt }));
      this.#stats = { ...this.#stats, passed: this.#stats.passed + passed.length };
      for (const { entry, ticks: own } of chosen) if (own.length > 0) this.#track(this.#carry(own, entry));
      for (const { entry, ticks: own } of chosen) if (own.length === 0) this.#free(entry.definition.name);
      for (const name of names) if (book.get(name) === undefined) this.#free(name);
    } catch (error) {
      logger.warn("due entries could not be stamped, trying again", { entries: names.length, reason: reasonOf(error) });
      await this.#parts.runtime.clock.sleep(againMs);
      for (const name of names) this.#free(name);
    }
  }

  /** What of an entry is sent now, and what is not any more. */
  async #choose(entry: LiveEntry): Promise<Choice> {
    const { runtime, leader, logger } = this.#parts;
    const { name, schedule } = entry.definition;
    const { beatCronStartingDeadline: deadline } = runtime.settings;
    const [now, first] = [leader.now(), nextDue(entry)];
    const at = first !== null && first <= now + aheadMs ? Math.max(first, now) : now;
    const decision = decide(entry, at, schedule.kind === "crontab" && deadline !== null ? durationMs(deadline) : null);
    const last = decision.send.at(-1) ?? null;
    if (decision.passedUntil !== null)
      logger.warn("beat-missed", { entry: name, firstDueAt: isoOf(decision.passedUntil), sent: decision.send.length });
    if (last !== null && (await this.#isHeldBack(entry))) {
      logger.info("beat-skipped", { entry: name, dueAt: isoOf(last), reason: "the task before has not ended" });
      return { entry, ticks: [], passed: [{ name, dueAt: last }] };
    }
    const ticks = decision.send.map((dueAt) => ({ name, dueAt, taskId: tickId(runtime.name, name, dueAt) }));
    const passed = last === null && decision.passedUntil !== null ? [{ name, dueAt: decision.passedUntil }] : [];
    return { entry, ticks, passed };
  }

  /** By its task before, that is not to overlap; with `cancel` that one is ended. */
  async #isHeldBack(entry: LiveEntry): Promise<boolean> {
    const { runtime, sender, leader } = this.#parts;
    const { overlap } = entry.definition;
    if (overlap === "allow" || !(await isUnderWay(runtime, sender, entry, leader.now()))) return false;
    if (overlap === "cancel") await cancelRun(sender, entry);
    return overlap === "skip";
  }

  async #carry(ticks: readonly Tick[], entry: LiveEntry): Promise<void> {
    const { name } = entry.definition;
    this.#busy.add(name);
    await Promise.all(ticks.map((tick) => this.#carryOne(tick, entry)));
    this.#free(name);
  }

  async #carryOne(tick: Tick, entry: LiveEntry): Promise<void> {
    const { courier, leader, book } = this.#parts;
    const how = await courier.send(tick, entry.definition);
    if (how === "refused") this.#stats = { ...this.#stats, refused: this.#stats.refused + 1 };
    if (how !== "sent") return;
    const sentAt = leader.now();
    this.#stats = { ...this.#stats, sent: this.#stats.sent + 1, lastSentAt: sentAt, lastLateMs: sentAt - tick.dueAt };
    book.note(tick.name, ({ runs }) => ({ runs: runs + 1, lastSentAt: sentAt, lastTaskId: tick.taskId }));
  }

  #free(name: string): void {
    this.#busy.delete(name);
    this.plan(name);
  }

  #track(work: Promise<unknown>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }
}

function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
