/**
 * One worker's consumption. Its duties: 1. keep a session, for ever, until closed; 2. keep an incarnation, and take a new one when
 * it was declared dead; 3. after every reconnect compare the books before anything is claimed; 4. hand back what is held at the end.
 */
import type { ConsumeOptions, Consumer } from "../../broker.ts";
import { ConsumedQueues } from "../../consumed-queues.ts";
import type { DriverContext } from "../../driver.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import { broadcastOf, type QueueDeclaration, type QueueTable } from "../../queue-table.ts";
import { brokerFailure } from "../../redis/failure.ts";
import type { RedisTarget } from "../../redis/url.ts";
import { createRetryLog } from "../../retry-log.ts";
import { createSequence } from "../../sequence.ts";
import { announce } from "./bindings.ts";
import { Claims } from "./claims.ts";
import { newIncarnation, register, unregister } from "./incarnation.ts";
import { listsOf, queueOfList } from "./keys.ts";
import { purgeList } from "./purge.ts";
import { reconcile } from "./reconcile.ts";
import { loadScripts } from "./scripts.ts";
import { openSession, type Session } from "./session.ts";
import { Shift } from "./shift.ts";
import type { RedisTiming } from "./timing.ts";

export interface ConsumerOptions extends ConsumeOptions {
  readonly target: RedisTarget;
  readonly context: DriverContext;
  readonly timing: RedisTiming;
  readonly queues: readonly string[];
  readonly queueTable: QueueTable;
  /** where results are settled, as `settle.lua` wants it: '' = not in another database */
  readonly resultsDb: string;
}

/** Reconnects after 50 ms, then twice as long each time, at most 1 s; a third of it at random, so that a fleet does not knock at once. */
const firstWaitMs = 50;
const longestWaitMs = 1_000;

/** The reason of a session that was ended because its incarnation may not claim any more. */
class Fenced extends Error {}

export class RedisConsumer implements Consumer {
  readonly #options: ConsumerOptions;
  readonly #consumed: ConsumedQueues;
  /** the lists of which the incarnation may have claims: also of queues that were cancelled meanwhile */
  #lists: ReadonlySet<string>;
  readonly #claims: Claims;
  readonly #closing = new AbortController();
  readonly #changing = createSequence();
  #incarnation: string;
  #session: Session | null = null;
  #shift: Shift | null = null;
  #readAhead: number;
  #lastNumber = 0;
  #sessions = 0;
  #isPaused = false;
  #connecting: Promise<Session> | null = null;
  #running: Promise<void> | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#readAhead = options.readAhead;
    this.#incarnation = newIncarnation(options.worker);
    this.#consumed = new ConsumedQueues(options.queues, options.queueTable);
    this.#lists = this.#currentLists;
    this.#claims = new Claims({
      clock: options.context.clock,
      logger: options.context.logger,
      label: options.target.label,
      exchanges: { queues: options.queueTable, db: options.target.db, logger: options.context.logger },
      listener: options.listener,
      missed: () => void this.#shift?.beat(),
    });
  }

  /** The first session; rejects when it cannot be had. */
  async start(): Promise<void> {
    const session = await this.#connect();
    this.#running = this.#run(session);
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#shift?.claimer.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#shift?.claimer.start();
  }

  setReadAhead(readAhead: number): void {
    this.#readAhead = readAhead;
    this.#shift?.claimer.poke();
  }

  get queues(): readonly string[] {
    return this.#consumed.names;
  }

  get declarations(): readonly QueueDeclaration[] {
    return this.#consumed.declarations;
  }

  add(queue: QueueDeclaration): Promise<void> {
    return this.#changing(() => this.#add(queue));
  }

  cancel(queue: string): Promise<void> {
    return this.#changing(() => this.#cancel(queue));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #add(queue: QueueDeclaration): Promise<void> {
    const [session, shift] = [this.#session, this.#shift];
    const { label } = this.#options.target;
    if (session === null || shift === null)
      throw new BrokerError("BROKER_UNREACHABLE", `Redis at ${label} is not connected: no queue was added`);
    const consumed = this.#consumed.add(queue);
    if (consumed === null) return;
    try {
      // Before anything is claimed of them: whoever recovers this incarnation finds its claims by this.
      const lists = listsOf(consumed.name);
      if (!(await this.#register(session, lists))) return session.close(new Fenced("this incarnation was declared dead"));
      this.#lists = new Set([...this.#lists, ...lists]);
      await announce(consumed, session.data);
      await shift.changeQueues();
    } catch (error) {
      // The session is over, and the next one begins with the queue.
      if (!session.data.isOpen) return;
      this.#consumed.remove(queue.name);
      throw brokerFailure(error, label);
    }
  }

  async #cancel(queue: string): Promise<void> {
    const consumed = this.#consumed.remove(queue);
    const [session, shift] = [this.#session, this.#shift];
    if (consumed === null || session === null || shift === null) return;
    try {
      await shift.changeQueues();
      if (consumed.kind === "copy") for (const list of listsOf(consumed.name)) await purgeList(list, session.data);
    } catch (error) {
      const reason = reasonOf(brokerFailure(error, this.#options.target.label));
      this.#options.context.logger.warn("What a cancelled queue leaves behind could not be removed", { queue, reason });
    }
  }

  async #run(first: Session): Promise<void> {
    const { listener, target } = this.#options;
    for (let session: Session | null = first; session !== null; ) {
      const reason = await session.closed;
      this.#endShift();
      if (this.#closing.signal.aborted) return;
      // A fenced incarnation's connection was good: nobody needs to hear of the new one.
      const isFenced = reason instanceof Fenced;
      if (!isFenced) listener.disconnected(brokerFailure(reason, target.label));
      session = await this.#reconnect();
      if (!isFenced && session !== null) listener.connected();
    }
  }

  /** Tries until it is connected; null when closed meanwhile. */
  async #reconnect(): Promise<Session | null> {
    const { context, target } = this.#options;
    const log = createRetryLog(context.logger);
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      try {
        return await this.#connect();
      } catch (error) {
        log.failed("The worker is not connected to Redis; it tries on", brokerFailure(error, target.label));
        const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** attempt) * (1 - Math.random() / 3);
        await context.clock.sleep(waitMs, this.#closing.signal);
      }
    }
    return null;
  }

  /** One attempt, shared: closing may ask while the loop tries. */
  #connect(): Promise<Session> {
    this.#connecting ??= this.#openSession().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #openSession(): Promise<Session> {
    const { context, target, timing, worker } = this.#options;
    const session = await openSession(target, { ...context, worker, silentMs: timing.silentMs });
    try {
      await this.#enter(session);
      return session;
    } catch (error) {
      this.#endShift();
      session.close(error);
      throw error;
    }
  }

  /** Registers, puts the books right, and begins to work. */
  async #enter(session: Session): Promise<void> {
    const { listener } = this.#options;
    this.#sessions++;
    this.#lists = new Set([...this.#lists, ...this.#currentLists]);
    if (!(await this.#register(session, this.#lists))) {
      this.#claims.loseAll();
      listener.claimsLost();
      this.#incarnation = newIncarnation(this.#options.worker);
      this.#lists = this.#currentLists;
      await this.#register(session, this.#lists);
    }
    const announced = this.#consumed.declarations.map((queue) => announce(queue, session.data));
    await Promise.all([loadScripts(session.data), ...announced]);
    const shift = this.#createShift(session);
    this.#session = session;
    this.#shift = shift;
    this.#claims.moveTo({ connection: session.data, incarnation: this.#incarnation, settler: shift.settler });
    await shift.prepare();
    const { held, settled } = this.#claims;
    const books = { connection: session.data, incarnation: this.#incarnation, lists: [...this.#lists], held, settled };
    const current = this.#currentLists;
    await this.#claims.apply(await reconcile(books), (list) => !this.#isPaused && current.has(list));
    if (!this.#closing.signal.aborted) shift.start(this.#isPaused);
  }

  get #currentLists(): ReadonlySet<string> {
    return new Set(this.#consumed.queues.flatMap(listsOf));
  }

  #register(session: Session, lists: Iterable<string>): Promise<boolean> {
    return register(session.data, { incarnation: this.#incarnation, sessionNumber: this.#sessions, lists: [...lists] });
  }

  #createShift(session: Session): Shift {
    const { context, target, timing, resultsDb } = this.#options;
    return new Shift({
      clock: context.clock,
      logger: context.logger,
      session,
      incarnation: this.#incarnation,
      sessionNumber: this.#sessions,
      timing,
      queues: () => this.#consumed.declarations,
      db: target.db,
      claims: this.#claims,
      databases: { results: resultsDb, own: String(target.db) },
      readAhead: () => this.#readAhead,
      reserve: (count) => {
        this.#lastNumber += count;
        return this.#lastNumber - count;
      },
      pausesChanged: () => this.#options.listener.pausesChanged?.(),
      // Learning it twice, from a claim and a pulse, is one fence.
      fenced: () => session.close(new Fenced("this incarnation may not claim any more")),
    });
  }

  #endShift(): void {
    this.#shift?.stop();
    this.#claims.moveTo(null);
    this.#shift = null;
    this.#session = null;
  }

  async #close(): Promise<void> {
    const { context, target } = this.#options;
    this.#closing.abort();
    this.#isPaused = true;
    try {
      await this.#shift?.claimer.pause();
      // Cut off at this moment: one more attempt, else others recover what is held when its pulse stands still.
      const session = this.#session ?? (await this.#connect());
      await this.#claims.handBack();
      await unregister(session.data, this.#incarnation, [...this.#lists]);
      for (const list of this.#lists) if (broadcastOf(queueOfList(list)) !== null) await purgeList(list, session.data);
    } catch (error) {
      context.logger.warn("What a closed consumer held will be recovered by another worker", {
        reason: reasonOf(brokerFailure(error, target.label)),
      });
    }
    this.#session?.close();
    await this.#running;
    this.#endShift();
    this.#claims.loseAll();
  }
}
