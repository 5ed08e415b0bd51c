/**
 * The watch over the other incarnations, taken by whoever holds the sweeper's lock. One is declared dead only after this sweeper
 * has itself, on one unbroken connection, seen its counter stand still; a new session starts the watch anew.
 */
import type { Clock } from "../../clock.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { deadKey, pulsesKey, registeredListsKey } from "./keys.ts";
import { recover } from "./recovery.ts";
import { scripts } from "./scripts.ts";
import { type RedisTiming, tombstoneMs } from "./timing.ts";

export interface SweeperOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connection: RedisConnection;
  readonly incarnation: string;
  readonly timing: RedisTiming;
}

/** What was seen of one incarnation. `stillMs`: how long its counter stood still, as far as this process was awake to see it. */
interface Note {
  counter: string;
  stillMs: number;
  samples: number;
}

const fewestSamples = 4;

export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #notes = new Map<string, Note>();
  /** buried, and not yet recovered to the end */
  readonly #unfinished = new Set<string>();
  #knowsGraves = false;
  #lastSampleAt: number | null = null;
  #isRecovering = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Called with each beat: the pulses of all while this one is the sweeper, else null. Never rejects. */
  async sampled(pulses: ReadonlyMap<string, string> | null): Promise<void> {
    if (pulses === null) {
      this.#notes.clear();
      this.#knowsGraves = false;
      this.#lastSampleAt = null;
      return;
    }
    const still = this.#note(pulses);
    try {
      if (!this.#knowsGraves) await this.#readGraves();
      for (const incarnation of still) await this.#bury(incarnation);
    } catch (error) {
      this.#options.logger.warn("The watch over other workers was interrupted; tried again", { reason: reasonOf(error) });
    }
    await this.#recoverAll();
  }

  /** Those that stood still for long enough. */
  #note(pulses: ReadonlyMap<string, string>): readonly string[] {
    const { clock, incarnation: own, timing } = this.#options;
    const now = clock.monotonic();
    // If this process was frozen, so may have been its whole machine: time it did not watch does not count.
    const passedMs = this.#lastSampleAt === null ? 0 : Math.min(now - this.#lastSampleAt, 1.5 * timing.pulseMs);
    this.#lastSampleAt = now;
    for (const known of this.#notes.keys()) if (!pulses.has(known)) this.#notes.delete(known);
    const still: string[] = [];
    for (const [incarnation, counter] of pulses) {
      const note = this.#notes.get(incarnation);
      if (note === undefined || note.counter !== counter) {
        this.#notes.set(incarnation, { counter, stillMs: 0, samples: 0 });
        continue;
      }
      note.stillMs += passedMs;
      note.samples++;
      if (incarnation !== own && note.stillMs >= timing.deadAfterMs && note.samples >= fewestSamples) still.push(incarnation);
    }
    return still;
  }

  async #bury(incarnation: string): Promise<void> {
    const { connection, logger } = this.#options;
    const seen = this.#notes.get(incarnation)?.counter ?? "";
    this.#notes.delete(incarnation);
    if ((await connection.run(scripts.bury, [pulsesKey, deadKey], [incarnation, seen])) !== 1) return;
    logger.warn("A worker is dead: its tasks go back to their queues", { worker: incarnation });
    this.#unfinished.add(incarnation);
  }

  /** What a sweeper before left unfinished is found from its tombstones. */
  async #readGraves(): Promise<void> {
    const { connection } = this.#options;
    const dead = (await connection.call("HKEYS", deadKey)) as string[];
    const open = await Promise.all(dead.map((incarnation) => connection.call("EXISTS", registeredListsKey(incarnation))));
    for (const [index, incarnation] of dead.entries()) if (open[index] === 1) this.#unfinished.add(incarnation);
    this.#knowsGraves = true;
    if (dead.length > 0 && this.#unfinished.size === 0) await this.#expireTombstones();
  }

  /** Only when nothing of the dead is left: until then their tombstones are how it is found. */
  async #expireTombstones(): Promise<void> {
    await this.#options.connection.run(scripts.expireTombstones, [deadKey], [tombstoneMs]);
  }

  /** Never rejects. */
  async #recoverAll(): Promise<void> {
    if (this.#isRecovering || this.#unfinished.size === 0) return;
    this.#isRecovering = true;
    const { logger } = this.#options;
    for (const incarnation of [...this.#unfinished]) {
      try {
        const messages = await recover(incarnation, this.#options);
        this.#unfinished.delete(incarnation);
        logger.info("A dead worker's tasks were recovered", { worker: incarnation, messages });
        if (this.#unfinished.size === 0) await this.#expireTombstones();
      } catch (error) {
        logger.warn("A dead worker's tasks could not be recovered yet; tried again", { worker: incarnation, reason: reasonOf(error) });
      }
    }
    this.#isRecovering = false;
  }
}
