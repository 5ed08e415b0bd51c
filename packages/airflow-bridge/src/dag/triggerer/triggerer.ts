/**
 * Looks at deferred waits, which hold no slot: thousands of them in one event loop. What it holds of them is a claim in their rows, for a time: several
 * triggerers never look at the same wait at once, and what one was looking at when it died another looks at later.
 */
import { randomUUID } from "node:crypto";
import { type Clock, createService, reasonOf, type Service, type Timer } from "@celeriac/core/runtime";
import type { DagModel, Ending, TaskModel } from "../model.ts";
import type { RunRecord } from "../records.ts";
import { instanceLogger } from "../runner/instance-logger.ts";
import { Interruption } from "../runner/interruption.ts";
import { look } from "../runner/look.ts";
import { perform } from "../runner/perform.ts";
import { contextOf, type RunnerParts } from "../runner/runner.ts";
import { timeLimitOf } from "../runner/time-limit.ts";
import type { BegunTry } from "../runner/try-begin.ts";
import { endTry, tryEndOf } from "../runner/try-end.ts";

export interface TriggererSettings {
  /** how often it asks for waits that are due */
  readonly roundMs: number;
  /** How long a claim holds unless it is renewed: so long a wait is left alone when its triggerer died. */
  readonly claimMs: number;
  /** looks at once */
  readonly atOnce: number;
}

export const triggererDefaults: TriggererSettings = { roundMs: 1_000, claimMs: 60_000, atOnce: 1_000 };

/** A wait that it looks at. */
interface Claim extends BegunTry {
  readonly dag: DagModel;
  readonly task: TaskModel;
  readonly abort: AbortController;
}

interface Looked {
  readonly claim: Claim;
  /** null: nothing came of it, somebody else is to look */
  readonly ending: Ending | null;
}

/** Whoever starts it stops it, and closes the store afterwards. */
export function createTriggerer(parts: RunnerParts, settings: TriggererSettings = triggererDefaults): Service {
  const triggerer = new Triggerer(parts, settings);
  return createService("the triggerer", { start: async () => triggerer.open(), stop: () => triggerer.close() });
}

/** Duties: claim what is due (1), look (2), write what was seen, together (3), and keep its claims (4). */
class Triggerer {
  readonly #parts: RunnerParts;
  readonly #settings: TriggererSettings;
  readonly #clock: Clock;
  readonly #held = new Map<string, Claim>();
  readonly #looks = new Set<Promise<void>>();
  #looked: Looked[] = [];
  #timers: Timer[] = [];
  #round: Promise<void> | null = null;
  #writing: Promise<void> | null = null;
  #isSilent = false;

  constructor(parts: RunnerParts, settings: TriggererSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#clock = parts.clock;
  }

  open(): void {
    const { roundMs, claimMs } = this.#settings;
    const round = () => {
      this.#round ??= this.#asked(() => this.#claimDue()).finally(() => {
        this.#round = null;
      });
    };
    this.#timers = [this.#clock.every(roundMs, round), this.#clock.every(claimMs / 3, () => void this.#asked(() => this.#renew()))];
    round();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await this.#round;
    for (const { abort } of this.#held.values()) abort.abort(new Interruption("stopped", "the triggerer is to end"));
    await Promise.all(this.#looks);
    while (this.#writing !== null) await this.#writing;
  }

  async #claimDue(): Promise<void> {
    const { store } = this.#parts;
    const now = this.#clock.now();
    const due = await store.read(({ instances }) => instances.inStates(["deferred"], { nextBefore: now + 1 }));
    await this.#parts.freshen(due);
    const ours = due.flatMap((instance) => {
      const dag = this.#parts.findDag(instance.dagId);
      const task = dag?.tasks.get(instance.taskId);
      return dag !== undefined && task?.work.kind === "wait" ? [{ instance, dag, task }] : [];
    });
    const some = ours.slice(0, Math.max(0, this.#settings.atOnce - this.#held.size));
    if (some.length === 0) return;
    const claimed = await store.write(async ({ instances, runs }) => {
      const claims: Omit<Claim, "abort">[] = [];
      for (const { instance, dag, task } of some) {
        const run: RunRecord | null = await runs.find(instance);
        const claim = { externalId: randomUUID(), nextAt: now + this.#settings.claimMs };
        const expected = { states: ["deferred"], externalId: instance.externalId } as const;
        if (run !== null && (await instances.change(instance, expected, claim)))
          claims.push({ instance: { ...instance, ...claim }, run, dag, task });
      }
      return claims;
    });
    for (const each of claimed) this.#begin({ ...each, abort: new AbortController() });
  }

  #begin(claim: Claim): void {
    this.#held.set(claim.instance.externalId, claim);
    const looking = this.#look(claim).then((ending) => {
      this.#looks.delete(looking);
      this.#looked.push({ claim, ending });
      this.#writing ??= this.#write();
    });
    this.#looks.add(looking);
  }

  async #look(claim: Claim): Promise<Ending | null> {
    const { instance, run, dag, task, abort } = claim;
    const parts = this.#parts;
    const logger = instanceLogger(parts.logger, instance);
    const work = task.work as Extract<TaskModel["work"], { kind: "wait" }>;
    const firstStartedAt = instance.firstStartedAt ?? this.#clock.now();
    const performed = await perform(
      async () => {
        const args = await parts.store.read((tables) => parts.resolve(tables, dag, task, run, instance.mapIndex));
        const context = contextOf(dag, claim, { parts, logger, signal: abort.signal });
        const { ending, nextAt } = await look(work, context, args, firstStartedAt);
        return ending ?? { kind: "defer", at: nextAt };
      },
      abort,
      { timeLimit: timeLimitOf(task, firstStartedAt, this.#clock.now()), graceMs: parts.settings.graceMs, clock: this.#clock },
    );
    return performed.kind === "ended" ? performed.ending : null;
  }

  /** What was seen since the last time, in one transaction. */
  async #write(): Promise<void> {
    const { maxXcomBytes } = this.#parts.settings;
    while (this.#looked.length > 0) {
      const looked = this.#looked;
      this.#looked = [];
      await this.#asked(() =>
        this.#parts.store.write(async (tables) => {
          const now = this.#clock.now();
          for (const { claim, ending } of looked) {
            const { instance } = claim;
            const waits = ending === null ? now : ending.kind === "defer" ? ending.at : null;
            // Whoever only goes on waiting is of no interest to the scheduler.
            if (waits !== null)
              await tables.instances.change(
                instance,
                { states: ["deferred"], externalId: instance.externalId },
                { externalId: null, nextAt: waits },
              );
            else await endTry(tables, instance, tryEndOf(ending!, claim, claim.task, { now, maxXcomBytes }), "deferred");
          }
        }),
      );
      // What could not be written is looked at again when its claim is over.
      for (const { claim } of looked) this.#held.delete(claim.instance.externalId);
    }
    this.#writing = null;
  }

  /** A look that takes long keeps its claim; one that was cleared or marked meanwhile ends. */
  async #renew(): Promise<void> {
    const held = [...this.#held.values()];
    const nextAt = this.#clock.now() + this.#settings.claimMs;
    const lost = await this.#parts.store.write(async ({ instances }) => {
      const gone: Claim[] = [];
      for (const claim of held) {
        const { externalId } = claim.instance;
        if (!(await instances.change(claim.instance, { states: ["deferred"], externalId }, { nextAt }))) gone.push(claim);
      }
      return gone;
    });
    for (const { instance, abort } of lost)
      if (this.#held.has(instance.externalId)) abort.abort(new Interruption("taken", "it was cleared or marked"));
  }

  /** A store that does not answer is asked again in the next round. */
  async #asked(ask: () => Promise<void>): Promise<void> {
    try {
      await ask();
      this.#isSilent = false;
    } catch (error) {
      if (!this.#isSilent)
        this.#parts.logger.warn("deferred tasks cannot be looked at: the store does not answer", { reason: reasonOf(error) });
      this.#isSilent = true;
    }
  }
}
