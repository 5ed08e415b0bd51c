/**
 * Decides which lists are asked for messages, and when. A list is *hot* while it may hold something, and *cold* when it was found empty.
 * The claim that finds it so asks the server, in the same step, to tell of its next change: between the two no message can hide.
 */
import type { Clock, Timer } from "../../clock.ts";
import { grouped } from "../../redis/connection.ts";
import { claimsKey } from "./keys.ts";
import { scripts } from "./scripts.ts";
import type { Session } from "./session.ts";

export type Steps = readonly (readonly string[])[];

export interface ClaimerOptions {
  readonly clock: Clock;
  readonly session: Session;
  readonly incarnation: string;
  readonly sessionNumber: number;
  /** steps in the order of service, each with one list per queue; changed by `setSteps` */
  readonly steps: Steps;
  readonly lookAgainMs: number;
  /** how many more may be claimed now */
  credit(): number;
  /** the next `count` claim numbers: gives the one before the first */
  reserve(count: number): number;
  /** idle workers of the fleet, for they all wake for one message */
  workers(): number;
  /** gives whether it is a suspect */
  claimed(list: string, n: number, raw: string): boolean;
  /** the sentinel is gone: declared dead, or lost by a failover */
  fenced(): void;
  /** a claim was refused by the server, so it did nothing */
  refused(error: unknown): void;
}

const largestClaim = 100;
/** Without tracking: so long between two looks, at first after something was found and then ever longer. */
const shortestPollMs = 50;
const longestPollMs = 250;
/** So much per idle worker is the wait before a claim spread over. */
const spreadMs = 0.02;
const refusedWaitMs = 1_000;

export class Claimer {
  readonly #options: ClaimerOptions;
  #steps: Steps;
  #lists: ReadonlySet<string>;
  readonly #hot: Set<string>;
  #pausedLists: ReadonlySet<string> = new Set();
  /** When each list was last said to have changed, in notices. */
  readonly #noticedAt = new Map<string, number>();
  readonly #inFlight = new Set<Promise<void>>();
  #notices = 0;
  #asked = 0;
  #lastWasFull = true;
  #oneByOne = false;
  #paused = true;
  #isStopped = false;
  #turn = 0;
  #delay: Timer | null = null;
  #pollMs = shortestPollMs;
  #lookAgain: Timer;

  constructor(options: ClaimerOptions) {
    this.#options = options;
    this.#steps = options.steps;
    this.#lists = new Set(options.steps.flat());
    this.#hot = new Set(this.#lists);
    const { clock, session, lookAgainMs } = options;
    this.#lookAgain = session.tracks ? clock.every(lookAgainMs, () => void this.#look()) : this.#pollNext();
    session.onChange((keys) => this.#changed(keys));
  }

  /** Messages asked for and not yet here. */
  get asked(): number {
    return this.#asked;
  }

  start(): void {
    this.#paused = false;
    this.poke();
  }

  /** From now on these are asked. Resolves when nothing more comes out of any other. */
  async setSteps(steps: Steps): Promise<void> {
    const before = this.#lists;
    this.#steps = steps;
    this.#lists = new Set(steps.flat());
    for (const list of before) if (!this.#lists.has(list)) this.#hot.delete(list);
    for (const list of this.#lists) if (!before.has(list)) this.#heat(list);
    this.poke();
    await Promise.all(this.#inFlight);
  }

  /** The lists of queues that are paused: neither asked nor looked at. A claim under way may still bring something out of them. */
  setPaused(lists: readonly string[]): void {
    const before = this.#pausedLists;
    // Nothing is to be claimed out of turn: a settlement asked for in this one goes first.
    if (lists.length === before.size && lists.every((list) => before.has(list))) return;
    this.#pausedLists = new Set(lists);
    for (const list of lists) this.#hot.delete(list);
    // Nobody has looked into them meanwhile.
    for (const list of before) this.#heat(list);
    this.poke();
  }

  /** Resolves when nothing more will be claimed. */
  async pause(): Promise<void> {
    this.#paused = true;
    await Promise.all(this.#inFlight);
  }

  /** For good. An answer that is still to come is not heard: the next session finds its claims. */
  stop(): void {
    this.#isStopped = true;
    this.#lookAgain.cancel();
    this.#delay?.cancel();
  }

  /** Claims if it may. Called whenever credit, lists or pauses changed. */
  poke(): void {
    // What is asked of a connection that is gone fails at once: asking again and again would never let its end be seen.
    if (this.#isStopped || this.#delay !== null || !this.#options.session.data.isOpen) return;
    while (this.#mayClaim()) {
      const count = Math.min(this.#options.credit(), this.#oneByOne ? 1 : largestClaim);
      if (count <= 0) return;
      const claim = this.#claim(this.#next(), count).then(() => {
        this.#inFlight.delete(claim);
        this.poke();
      });
      this.#inFlight.add(claim);
    }
  }

  #mayClaim(): boolean {
    if (this.#paused || this.#hot.size === 0) return false;
    // A second claim behind an unanswered one hides the round trip while lists are full; otherwise it would come back empty.
    return this.#inFlight.size < (this.#lastWasFull && !this.#oneByOne ? 2 : 1);
  }

  /** Lists for one claim: all hot ones or, on a cluster, the first and those that follow it on the same node. */
  #next(): readonly string[] {
    const ordered = this.#inOrder();
    const apart = ordered.findIndex((list) => !this.#options.session.data.areTogether(ordered[0] as string, list));
    return apart < 0 ? ordered : ordered.slice(0, apart);
  }

  /** Hot lists step by step; within a step the queues take turns. */
  #inOrder(): readonly string[] {
    const turn = this.#turn++;
    const ordered: string[] = [];
    for (const step of this.#steps) {
      for (let i = 0; i < step.length; i++) {
        const list = step[(i + turn) % step.length] as string;
        if (this.#hot.has(list)) ordered.push(list);
      }
    }
    return ordered;
  }

  async #claim(lists: readonly string[], count: number): Promise<void> {
    const { session, incarnation, sessionNumber, reserve } = this.#options;
    const sentAt = this.#notices;
    this.#asked += count;
    const base = reserve(count);
    const keys = lists.flatMap((list) => [list, claimsKey(list, incarnation)]);
    const track = () => session.track(keys[0] as string);
    try {
      const reply = (await session.data.run(scripts.claim, keys, [base, count, sessionNumber], track)) as ClaimReply;
      this.#asked -= count;
      if (!this.#isStopped) this.#received(reply, { lists, base, count, sentAt });
    } catch (error) {
      this.#asked -= count;
      if (session.data.isOpen) this.#wasRefused(error);
    }
  }

  #received([fenced, ...found]: ClaimReply, claim: SentClaim): void {
    let n = claim.base;
    let last = -1;
    let suspects = 0;
    for (let at = 0; at < found.length; at += 2) {
      last = (found[at] as number) - 1;
      for (const raw of found[at + 1] as string[]) if (this.#options.claimed(claim.lists[last] as string, ++n, raw)) suspects++;
    }
    const got = n - claim.base;
    if (got > 0 && !this.#options.session.tracks) this.#pollSoon();
    // A suspect comes in a claim of its own, as far as can be known before it is seen: where one was, more may be.
    if (got > 0) this.#oneByOne = suspects > 0;
    this.#lastWasFull = got === claim.count;
    if (fenced === 1) {
      this.#paused = true;
      this.#options.fenced();
      return;
    }
    // Lists before the last that gave something were emptied; all of them if there was less than asked for.
    const emptied = this.#lastWasFull ? claim.lists.slice(0, last) : claim.lists;
    for (const list of emptied) if ((this.#noticedAt.get(list) ?? 0) <= claim.sentAt) this.#hot.delete(list);
  }

  #wasRefused(error: unknown): void {
    this.#options.refused(error);
    this.#wait(refusedWaitMs);
  }

  #wait(delayMs: number): void {
    this.#delay ??= this.#options.clock.after(delayMs, () => {
      this.#delay = null;
      this.poke();
    });
  }

  #changed(keys: readonly string[] | null): void {
    const isIdle = this.#hot.size === 0 && this.#inFlight.size === 0;
    const changed = keys === null ? this.#lists : keys;
    const before = this.#hot.size;
    for (const key of changed) this.#heat(key);
    if (this.#hot.size === before) return;
    const delayMs = isIdle ? Math.random() * this.#options.workers() * spreadMs : 0;
    if (delayMs >= 1) this.#wait(delayMs);
    this.poke();
  }

  #heat(list: string): void {
    if (!this.#lists.has(list) || this.#pausedLists.has(list)) return;
    this.#noticedAt.set(list, ++this.#notices);
    this.#hot.add(list);
  }

  /** In case that a notice was lost, or that none can be had. */
  async #look(): Promise<void> {
    if (this.#paused || this.#options.credit() <= 0) return;
    const { data, tracks } = this.#options.session;
    const cold = [...this.#lists].filter((list) => !this.#hot.has(list) && !this.#pausedLists.has(list));
    if (cold.length === 0) return;
    try {
      for (const lists of grouped(cold, data)) {
        if (tracks && (await data.call("EXISTS", ...lists)) === 0) continue;
        for (const list of lists) this.#hot.add(list);
      }
    } catch (error) {
      if (data.isOpen) this.#wasRefused(error);
    }
    this.poke();
  }

  #pollSoon(): void {
    this.#lookAgain.cancel();
    this.#pollMs = shortestPollMs;
    this.#lookAgain = this.#pollNext();
  }

  #pollNext(): Timer {
    return this.#options.clock.after(
      this.#pollMs,
      () => {
        this.#pollMs = Math.min(2 * this.#pollMs, longestPollMs);
        this.#lookAgain = this.#pollNext();
        void this.#look();
      },
      { background: true },
    );
  }
}

type ClaimReply = readonly [fenced: number, ...found: (number | string[])[]];

interface SentClaim {
  readonly lists: readonly string[];
  readonly base: number;
  readonly count: number;
  readonly sentAt: number;
}
