/**
 * Lets the runs of one task begin at its rate: evenly, as a token bucket that holds one token. The next few wait here, so that the rate is met
 * however long the broker takes to bring others back; all further ones wait in the broker.
 */
import type { Clock, Timer } from "@celeriac/core/runtime";
import { Fifo } from "./pools/fifo.ts";
import type { Request } from "./request.ts";
import { Spread } from "./spread.ts";

/** What becomes of a request whose turn was asked for. */
export type Turn =
  | { readonly kind: "now" }
  /** it waits here: it was told to `whenDue` */
  | { readonly kind: "held" }
  /** it goes back to the broker, and asks again when it returns */
  | { readonly kind: "later"; readonly afterMs: number };

/** `turn`: it may begin. `again`: the rate has changed, it is to ask anew. `handBack`: nothing begins here any more. */
export type Release = "turn" | "again" | "handBack";

/** Called once. */
export type WhenDue = (release: Release) => void;

/** Shared by the pacers of a worker. */
export interface Room {
  /** Whether the pool wants another run. */
  hasRoom(): boolean;
  /** Whether one more may be held, beyond the few that each task may always have. */
  mayHold(): boolean;
  /** A request began to wait here, or waits no more. */
  held(change: 1 | -1): void;
  /** It is somebody's turn, but there is no room: to be pumped when some has come. */
  blocked(pacer: Pacer): void;
}

/** So much of a task's work is held: RabbitMQ's delays are whole seconds. */
const heldMs = 2_000;
/** Tasks of a low rate have as many held, if their turn is near. */
const alwaysHeld = 4;
const longestHeldMs = 60_000;
/** Timers are late, and a busy thread later: what was missed is made up for, if it is no more than this. */
const catchUpMs = 100;
/** Twice as many come back as may run: others may have taken some, and none is missing. But no rarer than this. */
const longestGapMs = 10_000;
/** So long it takes at most until a new rate is known to all that wait. */
const longestAwayMs = 600_000;

export class Pacer {
  readonly #clock: Clock;
  readonly #room: Room;
  readonly #waiting = new Fifo<{ readonly request: Request; readonly whenDue: WhenDue }>();
  readonly #spread = new Spread();
  readonly #intervalMs: number;
  /** when the next may begin, monotonic ms */
  #nextAt: number;
  #timer: Timer | null = null;

  /** `rate`: runs per second */
  constructor(rate: number, clock: Clock, room: Room) {
    this.#clock = clock;
    this.#room = room;
    this.#intervalMs = 1_000 / rate;
    this.#nextAt = clock.monotonic();
  }

  /** What waits here, next in line first. */
  get waiting(): readonly Request[] {
    return this.#waiting.values().map(({ request }) => request);
  }

  take(request: Request, whenDue: WhenDue): Turn {
    const now = this.#clock.monotonic();
    const aheadMs = Math.max(0, this.#nextAt - now) + this.#waiting.size * this.#intervalMs;
    if (aheadMs <= 0 && this.#room.hasRoom()) {
      this.#nextAt = now + this.#intervalMs;
      return { kind: "now" };
    }
    if (!this.#mayHold(aheadMs)) {
      const gapMs = Math.min(this.#intervalMs / 2, longestGapMs);
      return { kind: "later", afterMs: this.#spread.place(now, { firstMs: aheadMs / 2, gapMs, longestMs: longestAwayMs }) };
    }
    this.#waiting.push({ request, whenDue });
    this.#room.held(1);
    if (this.#waiting.size === 1) this.#arm(now);
    return { kind: "held" };
  }

  /** Lets begin what is due. */
  pump(): void {
    const now = this.#clock.monotonic();
    while (this.#waiting.size > 0 && this.#nextAt <= now && this.#room.hasRoom()) {
      this.#nextAt = Math.max(this.#nextAt, now - catchUpMs) + this.#intervalMs;
      this.#release("turn");
    }
    this.#arm(now);
  }

  releaseAll(release: Exclude<Release, "turn">): void {
    this.#timer?.cancel();
    this.#timer = null;
    while (this.#waiting.size > 0) this.#release(release);
  }

  #mayHold(aheadMs: number): boolean {
    const { size } = this.#waiting;
    if (aheadMs > longestHeldMs) return false;
    return size < alwaysHeld || (aheadMs < heldMs && this.#room.mayHold());
  }

  #release(release: Release): void {
    const { whenDue } = this.#waiting.shift()!;
    this.#room.held(-1);
    whenDue(release);
  }

  #arm(now: number): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#waiting.size === 0) return;
    if (this.#nextAt <= now && !this.#room.hasRoom()) this.#room.blocked(this);
    else this.#timer = this.#clock.after(Math.max(0, this.#nextAt - now), () => this.pump());
  }
}
