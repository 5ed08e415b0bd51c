/** What works while one session and one incarnation last: claiming, settling, moving what is due, beating, sweeping. */
import type { Clock, Timer } from "../../clock.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { QueueDeclaration } from "../../queue-table.ts";
import { Claimer, type Steps } from "./claimer.ts";
import type { Claims } from "./claims.ts";
import { FanoutEar } from "./fanout.ts";
import { beat } from "./incarnation.ts";
import { listOf, listsOf, prioritySteps } from "./keys.ts";
import { Mover } from "./mover.ts";
import { PauseWatch } from "./pauses.ts";
import type { Session } from "./session.ts";
import { Settler } from "./settler.ts";
import { Sweeper } from "./sweeper.ts";
import type { RedisTiming } from "./timing.ts";

export interface ShiftOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly session: Session;
  readonly incarnation: string;
  readonly sessionNumber: number;
  readonly timing: RedisTiming;
  /** those that are consumed at the moment */
  queues(): readonly QueueDeclaration[];
  /** of the server, on which fanouts are heard */
  readonly db: number;
  readonly claims: Claims;
  /** databases as `settle.lua` wants them */
  readonly databases: { readonly results: string; readonly own: string };
  readAhead(): number;
  /** the next `count` claim numbers: gives the one before the first */
  reserve(count: number): number;
  /** declared dead, or its sentinel was lost */
  fenced(): void;
  /** What is paused may have changed. */
  pausesChanged(): void;
}

export class Shift {
  readonly settler: Settler;
  readonly claimer: Claimer;
  readonly #options: ShiftOptions;
  readonly #mover: Mover;
  readonly #pauses: PauseWatch;
  readonly #sweeper: Sweeper;
  readonly #fanouts: FanoutEar;
  #pulse: Timer | null = null;
  #workers = 1;

  constructor(options: ShiftOptions) {
    this.#options = options;
    const { clock, logger, session, incarnation, sessionNumber, timing, claims, databases } = options;
    const steps = stepsOf(options.queues());
    this.settler = new Settler({
      connection: session.data,
      resultsDb: databases.results,
      ownDb: databases.own,
      sent: () => this.claimer.poke(),
      ended: (settling, outcome) => claims.ended(settling, outcome),
      failed: (settling, error) => claims.failed(settling, error),
    });
    this.claimer = new Claimer({
      clock,
      session,
      incarnation,
      sessionNumber,
      steps,
      lookAgainMs: timing.lookAgainMs,
      credit: () => options.readAhead() - claims.occupied - this.claimer.asked,
      reserve: options.reserve,
      workers: () => this.#workers,
      claimed: (list, n, raw) => claims.accept(list, n, raw),
      fenced: options.fenced,
      refused: (error) => logger.warn("Redis refused a claim; tried again", { reason: reasonOf(error) }),
    });
    this.#pauses = new PauseWatch({
      clock,
      logger,
      session,
      changed: (paused) => {
        this.claimer.setPaused([...paused].flatMap(listsOf));
        options.pausesChanged();
      },
    });
    this.#mover = new Mover({ clock, logger, session, lists: steps.flat(), checkMs: timing.dueCheckMs });
    this.#fanouts = new FanoutEar({ session, db: options.db, logger });
    this.#sweeper = new Sweeper({ clock, logger, connection: session.data, incarnation, timing });
  }

  /** Before `start`. Rejects as the server answers. */
  async prepare(): Promise<void> {
    await this.#fanouts.listen(this.#options.queues());
    await this.#pauses.start();
  }

  /** After other queues are to be consumed. Resolves when nothing more comes out of any other. Rejects as the server answers. */
  async changeQueues(): Promise<void> {
    await this.#fanouts.listen(this.#options.queues());
    const steps = stepsOf(this.#options.queues());
    this.#mover.setLists(steps.flat());
    await this.claimer.setSteps(steps);
    await this.#fanouts.forget();
  }

  start(isPaused: boolean): void {
    this.#pulse = this.#options.clock.every(this.#options.timing.pulseMs, () => void this.beat());
    this.#mover.start();
    if (!isPaused) this.claimer.start();
    void this.beat();
  }

  /** For good. What was asked for and not answered is rejected by the session's end. */
  stop(): void {
    this.#pulse?.cancel();
    this.#mover.stop();
    this.#pauses.stop();
    this.claimer.stop();
  }

  /** Shows that this incarnation lives, and learns whether others think so. Never rejects. */
  async beat(): Promise<void> {
    const { session, incarnation, timing, logger, fenced } = this.#options;
    session.probe();
    try {
      const { isDead, workers, pulses } = await beat(session.data, incarnation, timing.sweeperMs);
      this.#workers = workers;
      if (isDead) return fenced();
      await this.#sweeper.sampled(pulses);
    } catch (error) {
      if (session.data.isOpen) logger.warn("Redis refused a worker's pulse; tried again", { reason: reasonOf(error) });
    }
  }
}

function stepsOf(queues: readonly QueueDeclaration[]): Steps {
  return prioritySteps.map((step) => queues.map(({ name }) => listOf(name, step)));
}
