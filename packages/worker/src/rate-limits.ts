/** The rates of a worker's tasks, and what waits here for its turn. Per worker, as in Celery: two workers run twice as many. */
import { type AppRuntime, type Clock, type RateLimit, readRateLimit } from "@celeriac/core/runtime";
import { Pacer, type Room } from "./pacer.ts";
import type { Request } from "./request.ts";

/** Held for all tasks together; each may have a few beyond that. */
const mostHeld = 1_000;

export interface RateLimitsParts {
  readonly runtime: Pick<AppRuntime, "registry" | "settings">;
  readonly clock: Clock;
  /** Whether the pool wants another run. */
  hasRoom(): boolean;
  /** A request began to wait here, or waits no more. */
  held(change: 1 | -1): void;
}

export class RateLimits {
  readonly #parts: RateLimitsParts;
  readonly #room: Room;
  /** what remote control has said since the worker started */
  readonly #set = new Map<string, RateLimit>();
  /** null: the task has no limit */
  readonly #pacers = new Map<string, Pacer | null>();
  readonly #blocked = new Set<Pacer>();
  #held = 0;

  constructor(parts: RateLimitsParts) {
    this.#parts = parts;
    this.#room = {
      hasRoom: () => parts.hasRoom(),
      mayHold: () => this.#held < mostHeld,
      held: (change) => {
        this.#held += change;
        parts.held(change);
      },
      blocked: (pacer) => this.#blocked.add(pacer),
    };
  }

  /** Of a task that is registered here; null = it has no limit. */
  of(task: string): Pacer | null {
    let pacer = this.#pacers.get(task);
    if (pacer === undefined) {
      const rate = readRateLimit(this.limitOf(task)) ?? null;
      pacer = rate === null ? null : new Pacer(rate, this.#parts.clock, this.#room);
      this.#pacers.set(task, pacer);
    }
    return pacer;
  }

  /** As it was written; null = none. */
  limitOf(task: string): RateLimit | null {
    const { registry, settings } = this.#parts.runtime;
    if (settings.workerDisableRateLimits) return null;
    const ofTask = this.#set.get(task) ?? registry.get(task)?.options.rateLimit;
    return ofTask === undefined ? settings.taskDefaultRateLimit : ofTask;
  }

  /** From now on, until the worker stops. What waits here asks anew; what was put off does so when it comes back. */
  set(task: string, limit: RateLimit): void {
    this.#set.set(task, limit);
    const before = this.#pacers.get(task);
    this.#pacers.delete(task);
    before?.releaseAll("again");
  }

  /** What waits here for its turn. */
  waiting(): readonly Request[] {
    return [...this.#pacers.values()].flatMap((pacer) => pacer?.waiting ?? []);
  }

  /** A run has ended: what is due may begin. */
  roomCame(): void {
    if (this.#blocked.size === 0) return;
    const blocked = [...this.#blocked];
    this.#blocked.clear();
    for (const pacer of blocked) pacer.pump();
  }

  /** Of what waits here none will begin. */
  handBack(): void {
    for (const pacer of this.#pacers.values()) pacer?.releaseAll("handBack");
  }
}
