/**
 * The heart of the I/O thread. Operations that arrived since the last turn share one transaction, and so do the claims that they made
 * room for; then the answers go back. Duties: 1. group commit, 2. keep "busy" from everyone, 3. let one failure not undo its neighbours,
 * 4. claim, 5. wake whoever waits, here or in another process.
 */
import { systemClock } from "../clock.ts";
import { type Attendance, createOperator, type Entry, type Operator } from "./apply.ts";
import { failureOf, isStaleSnapshot, isTrouble } from "./failure.ts";
import type { ClaimedMessage, Failure, Report } from "./operation.ts";
import type { Tables } from "./tables.ts";
import { createTurn, type Turn } from "./turn.ts";
import type { WakeFile } from "./wake-file.ts";
import type { ResultChange } from "./watches.ts";

/** How long a turn blocks the thread for the write lock before it lets events pass and tries again. */
const patienceMs = 100;
const retryMs = 2;
/** As `patienceMs`, where nothing else can be done meanwhile. */
const stubbornMs = 1_000;
/** Expired rows are looked for this often, and only by who writes anyway. */
const pruneEveryMs = 10_000;
/** Rows of one kind that one transaction removes; the next one goes on, else rows that come faster than these go would pile up. */
const prunedAtOnce = 1_000;
const checkFileEveryMs = 1_000;

/** A batch of operations whose answers go back together. */
interface Batch {
  readonly first: number;
  readonly answers: unknown[];
  missing: number;
}

interface Pending extends Entry {
  readonly batch: Batch;
  readonly index: number;
}

type Body = (turn: Turn) => void;

export interface EngineParts extends Attendance {
  readonly tables: Tables;
  readonly wake: WakeFile;
  report(report: Report, transfer?: readonly ArrayBuffer[]): void;
  /** Called after each committed transaction. */
  committed(turn: Turn): void;
  /** Called after each turn. */
  turned(): void;
  /** The connection is of no use any more: the thread has to end, its owners will open another. */
  abandon(failure: Failure): void;
}

export class Engine {
  readonly #parts: EngineParts;
  readonly #operator: Operator;
  #queue: Pending[] = [];
  #scheduled = false;
  #prunedAt = systemClock.monotonic();
  #checkedAt = systemClock.monotonic();
  #troubled = false;
  #finishing = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#operator = createOperator(parts.tables, parts);
  }

  /** Takes a batch; its turn comes when the events that are there already have been seen. */
  take(first: number, entries: readonly Entry[]): void {
    const batch: Batch = { first, answers: new Array(entries.length), missing: entries.length };
    for (const [index, entry] of entries.entries()) this.#queue.push({ ...entry, batch, index });
    this.schedule();
  }

  /** Makes sure that a turn comes. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#runTurn());
  }

  /** Runs `body` in a transaction of its own. */
  upkeep(body: Body): void {
    while (!this.#transact([], body, stubbornMs));
    if (this.#parts.consumption.wantsClaim()) this.schedule();
  }

  /** Ends what is queued, hands everything back and says goodbye. */
  finish(): void {
    this.#finishing = true;
    while (this.#queue.length > 0) this.#runTurn();
    this.upkeep((turn) => {
      this.#parts.consumption.leaveAll(turn);
      this.#parts.watches.leave(turn);
      this.#parts.subscriptions.leave(turn);
      this.#parts.tables.slots.leave(turn);
    });
  }

  /** false: the file was taken away, and the thread ends. What is queued is refused: nobody would ever find it there. */
  checkFile(): boolean {
    const { tables, abandon } = this.#parts;
    if (systemClock.monotonic() - this.#checkedAt < checkFileEveryMs) return true;
    this.#checkedAt = systemClock.monotonic();
    if (!tables.isMoved()) return true;
    const message = `${tables.path} was removed or replaced while it was open`;
    const failure: Failure = { failed: "BROKER_UNREACHABLE", message, uncertain: false };
    for (const pending of this.#queue.splice(0)) this.#answer(pending, failure);
    abandon(failure);
    return false;
  }

  #runTurn(): void {
    this.#scheduled = false;
    if (!this.#finishing && !this.checkFile()) return;
    const taken = this.#queue;
    this.#queue = [];
    const writes: Pending[] = [];
    const reads: Pending[] = [];
    for (const pending of taken) {
      // A changed read-ahead is in force before this turn's claims, whatever else the turn does.
      if (pending.operation.kind === "resize") this.#read(pending);
      else (this.#operator.writes(pending.operation) ? writes : reads).push(pending);
    }
    const claims = !this.#finishing && this.#parts.consumption.wantsClaim();
    const isIdle = writes.length === 0 && !claims;
    const written = isIdle || this.#transact(writes, claims || writes.length > 0 ? this.#claim : null, patienceMs);
    if (!written) this.#queue = [...writes, ...this.#queue];
    for (const pending of reads) this.#read(pending);
    this.#parts.turned();
    if (!written) this.#scheduleLater();
    else if (!this.#troubled && !this.#finishing && this.#parts.consumption.wantsClaim()) this.schedule();
  }

  #scheduleLater(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    systemClock.after(retryMs, () => this.#runTurn());
  }

  readonly #claim: Body = (turn) => {
    if (this.#finishing) return;
    const { consumption, report } = this.#parts;
    for (const consumer of consumption.claim(turn)) turn.onCommit.push(() => report({ kind: "fenced", consumer }));
  };

  /** Writes the entries, and what `body` adds, in one transaction. false: the write lock was not to be had. */
  #transact(entries: readonly Pending[], body: Body | null, waitMs: number): boolean {
    const { connection } = this.#parts.tables;
    const turn = createTurn(systemClock.now());
    let values: readonly unknown[];
    let wakes = false;
    let committing = false;
    try {
      // What answers nobody may be lost with the power: claims, recoveries and what became due are found and made again. Who listens is gone with it.
      const isPassing = entries.every(({ operation }) => operation.kind === "broadcast");
      if (!connection.begin(waitMs, isPassing)) return false;
      values = entries.map((entry) => this.#operator.write(entry, turn));
      body?.(turn);
      wakes = this.#othersWaitFor(turn);
      this.#pruneSometimes(turn.now);
      committing = true;
      connection.commit();
    } catch (error) {
      connection.rollback();
      for (const undo of turn.onRollback) undo();
      this.#onFailure(error, committing, entries, body);
      return true;
    }
    this.#onCommitted(turn, entries, values, wakes);
    return true;
  }

  #othersWaitFor(turn: Turn): boolean {
    if (turn.arrivals.size === 0 && turn.results.size === 0 && turn.told.size === 0) return false;
    const { workers, ears, locks } = this.#parts.tables;
    const { waiting, watching } = workers.othersWait();
    if ((waiting && turn.arrivals.size > 0) || (watching && turn.results.size > 0)) return true;
    return [...turn.told].some((exchange) => ears.listeners(exchange).some((inc) => !locks.holds(inc)));
  }

  #pruneSometimes(now: number): void {
    if (systemClock.monotonic() - this.#prunedAt < pruneEveryMs) return;
    const { messages, broadcasts, results, chords, coordination, slots } = this.#parts.tables;
    slots.prune();
    const removed = [
      messages.prunePublications(now, prunedAtOnce),
      broadcasts.prune(now, prunedAtOnce),
      results.prune(now, prunedAtOnce),
      chords.prune(now, prunedAtOnce),
      coordination.prune(now, prunedAtOnce),
    ];
    if (removed.every((count) => count < prunedAtOnce)) this.#prunedAt = systemClock.monotonic();
  }

  #onCommitted(turn: Turn, entries: readonly Pending[], values: readonly unknown[], wakes: boolean): void {
    const { watches, wake, consumption, report, committed } = this.#parts;
    for (const effect of turn.onCommit) effect();
    if (wakes) wake.touch();
    if (turn.arrivals.size > 0) consumption.feed(turn.arrivals);
    // Before the answers: who waits for a result of ours must have it when the store is confirmed.
    if (turn.results.size > 0 && watches.count > 0) this.tellChanges(watches.changes(turn.now, turn.results));
    if (turn.told.size > 0) this.tellHeard(turn.now);
    for (const [index, entry] of entries.entries()) {
      if (entry.operation.kind === "watch") this.#read(entry);
      else this.#answer(entry, values[index]);
    }
    if (turn.claimed.length > 0) tellClaimed(turn.claimed, report);
    if (this.#troubled) report({ kind: "trouble", failure: null });
    this.#troubled = false;
    committed(turn);
  }

  /** One operation failed, or the file did: each is tried alone, so that only the guilty one is refused. */
  #onFailure(error: unknown, committing: boolean, entries: readonly Pending[], body: Body | null): void {
    const known = failureOf(error, this.#parts.tables.path, committing);
    // Only a full disk is known to have left nothing behind at the commit.
    const failure = known.failed === "STORE_FULL" ? { ...known, uncertain: false } : known;
    if (failure.uncertain) this.#parts.consumption.doubt();
    const isAlone = entries.length + (body === null ? 0 : 1) === 1;
    if (!isAlone && !failure.uncertain && !isStaleSnapshot(error)) {
      for (const entry of entries) while (!this.#transact([entry], null, stubbornMs));
      if (body !== null) while (!this.#transact([], body, stubbornMs));
      return;
    }
    for (const entry of entries) this.#answer(entry, failure);
    if (isStaleSnapshot(error)) this.#parts.abandon(failure);
    else if (body !== null || isTrouble(failure)) this.#tellTrouble(failure);
  }

  #tellTrouble(failure: Failure): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#parts.report({ kind: "trouble", failure });
  }

  /** Tells the main thread of results it waits for. */
  tellChanges(changes: readonly ResultChange[]): void {
    if (changes.length > 0) this.#parts.report({ kind: "results", changes });
  }

  /** Tells the main thread what its subscribers are to hear. */
  tellHeard(now: number): void {
    const messages = this.#parts.subscriptions.heard(now);
    if (messages.length > 0) this.#parts.report({ kind: "heard", messages });
  }

  #read(pending: Pending): void {
    let value: unknown;
    try {
      value = this.#operator.read(pending.operation, systemClock.now());
    } catch (error) {
      value = failureOf(error, this.#parts.tables.path);
    }
    this.#answer(pending, value);
  }

  #answer({ batch, index }: Pending, value: unknown): void {
    batch.answers[index] = value;
    batch.missing -= 1;
    if (batch.missing === 0) this.#parts.report({ kind: "answers", first: batch.first, answers: batch.answers });
  }
}

/** The raw envelopes go over in one buffer that is given away, not copied again. */
function tellClaimed(claimed: Turn["claimed"], report: EngineParts["report"]): void {
  const joined = new Uint8Array(claimed.reduce((sum, { raw }) => sum + raw.byteLength, 0));
  const announced: ClaimedMessage[] = [];
  let offset = 0;
  for (const { message, raw } of claimed) {
    joined.set(raw, offset);
    offset += raw.byteLength;
    announced.push(message);
  }
  report({ kind: "claimed", messages: announced, raw: joined }, [joined.buffer]);
}
