/**
 * The heart of the I/O thread. Operations that arrived since the last turn share one transaction, and so do the claims that they made
 * room for; then the answers go back. Duties: 1. group commit, 2. keep "busy" from everyone, 3. let one failure not undo its neighbours,
 * 4. claim, 5. wake whoever waits, here or in another process.
 */
import { systemClock } from "../clock.ts";
import { createOperator, type Entry } from "./apply.ts";
import type { Consumption } from "./consumption.ts";
import { failureOf, isTrouble } from "./failure.ts";
import type { ClaimedMessage, Failure, Report } from "./operation.ts";
import type { Tables } from "./tables.ts";
import { createTurn, type Turn } from "./turn.ts";
import type { WakeFile } from "./wake-file.ts";
import type { Watches } from "./watches.ts";

/** How long a turn blocks the thread for the write lock before it lets events pass and tries again. */
const patienceMs = 100;
const retryMs = 2;
/** Expired rows are looked for this often at most, and only by who writes anyway. */
const pruneEveryMs = 10_000;

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

export interface EngineParts {
  readonly tables: Tables;
  readonly consumption: Consumption;
  readonly watches: Watches;
  readonly wake: WakeFile;
  report(report: Report, transfer?: readonly ArrayBuffer[]): void;
  /** Called after each committed transaction. */
  committed(turn: Turn): void;
  /** Called after each turn. */
  turned(): void;
}

export interface Engine {
  /** Takes a batch; its turn comes when the events that are there already have been seen. */
  take(first: number, entries: readonly Entry[]): void;
  /** Makes sure that a turn comes. */
  schedule(): void;
  /** Runs `body` in a transaction of its own, for upkeep. */
  upkeep(body: (turn: Turn) => void): void;
  /** Ends what is queued, hands everything back and says goodbye. */
  finish(): void;
}

export function createEngine(parts: EngineParts): Engine {
  const { tables, consumption, watches, wake, report } = parts;
  const { connection, messages, results, coordination, workers } = tables;
  const operator = createOperator(tables, consumption, watches);
  let queue: Pending[] = [];
  let scheduled = false;
  let prunedAt = systemClock.monotonic();
  let troubled = false;
  let finishing = false;

  function answer(pending: Pending, value: unknown): void {
    const { batch, index } = pending;
    batch.answers[index] = value;
    batch.missing -= 1;
    if (batch.missing === 0) report({ kind: "answers", first: batch.first, answers: batch.answers });
  }

  /** Writes the entries, and claims, in one transaction. false: the write lock was not to be had. */
  function transact(entries: readonly Pending[], body: ((turn: Turn) => void) | null, waitMs: number): boolean {
    let committing = false;
    const turn = createTurn(systemClock.now());
    const values: unknown[] = [];
    let othersWait: Pick<ReturnType<typeof workers.othersWait>, "waiting" | "watching"> | null = null;
    try {
      if (!connection.begin(waitMs)) return false;
      for (const entry of entries) values.push(operator.write(entry, turn));
      body?.(turn);
      if (turn.arrivals.size > 0 || turn.results.size > 0) othersWait = workers.othersWait();
      pruneSometimes(turn.now);
      committing = true;
      connection.commit();
    } catch (error) {
      connection.rollback();
      for (const undo of turn.onRollback) undo();
      const failure = failureOf(error, tables.path, committing);
      settleFailure(entries, body, failure);
      return true;
    }
    for (const effect of turn.onCommit) effect();
    tell(entries, values, turn);
    if (othersWait !== null && ((othersWait.waiting && turn.arrivals.size > 0) || (othersWait.watching && turn.results.size > 0)))
      wake.touch();
    if (turn.arrivals.size > 0) consumption.feed(turn.arrivals);
    recovered();
    parts.committed(turn);
    return true;
  }

  /** One operation failed, or the file did: each is tried alone, so that only the guilty one is refused. */
  function settleFailure(entries: readonly Pending[], body: ((turn: Turn) => void) | null, failure: Failure): void {
    if (failure.uncertain) consumption.doubt();
    // Only a full disk is known to have left nothing behind at the commit.
    const mayRepeat = !failure.uncertain || failure.failed === "STORE_FULL";
    const count = entries.length + (body === null ? 0 : 1);
    if (count > 1 && mayRepeat) {
      for (const entry of entries) while (!transact([entry], null, 1_000));
      if (body !== null) while (!transact([], body, 1_000));
      return;
    }
    const final = failure.failed === "STORE_FULL" ? { ...failure, uncertain: false } : failure;
    for (const entry of entries) answer(entry, final);
    if (body !== null || isTrouble(final)) trouble(final);
  }

  function trouble(failure: Failure): void {
    if (troubled) return;
    troubled = true;
    report({ kind: "trouble", failure });
  }

  function recovered(): void {
    if (!troubled) return;
    troubled = false;
    report({ kind: "trouble", failure: null });
  }

  function tell(entries: readonly Pending[], values: readonly unknown[], turn: Turn): void {
    // Before the answers: who waits for a result of ours must have it when the store is confirmed.
    if (turn.results.size > 0 && watches.count > 0) tellChanges(watches.changes(turn.now, turn.results));
    entries.forEach((entry, index) => {
      if (entry.operation.kind === "watch") readOne(entry);
      else answer(entry, values[index]);
    });
    if (turn.claimed.length > 0) tellClaimed(turn.claimed, report);
  }

  function tellChanges(changes: ReturnType<typeof watches.changes>): void {
    if (changes.length > 0) report({ kind: "results", changes });
  }

  function readOne(pending: Pending): void {
    let value: unknown;
    try {
      value = operator.read(pending.operation, systemClock.now());
    } catch (error) {
      value = failureOf(error, tables.path);
    }
    answer(pending, value);
  }

  function pruneSometimes(now: number): void {
    if (systemClock.monotonic() - prunedAt < pruneEveryMs) return;
    prunedAt = systemClock.monotonic();
    messages.prunePublications(now);
    results.prune(now);
    coordination.prune(now);
  }

  function claim(turn: Turn): void {
    for (const consumer of consumption.claim(turn)) turn.onCommit.push(() => report({ kind: "fenced", consumer }));
  }

  function runTurn(): void {
    scheduled = false;
    const taken = queue;
    queue = [];
    const writes: Pending[] = [];
    const reads: Pending[] = [];
    for (const pending of taken) {
      // A changed read-ahead is in force before this turn's claims, whatever else the turn does.
      if (pending.operation.kind === "resize") readOne(pending);
      else (operator.writes(pending.operation) ? writes : reads).push(pending);
    }
    const claims = !finishing && consumption.wantsClaim();
    const written = writes.length === 0 && !claims ? true : transact(writes, finishing ? null : claim, patienceMs);
    if (!written) queue = [...writes, ...queue];
    for (const pending of reads) readOne(pending);
    parts.turned();
    if (!written) scheduleLater();
    else if (!troubled && !finishing && consumption.wantsClaim()) schedule();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(runTurn);
  }

  function scheduleLater(): void {
    if (scheduled) return;
    scheduled = true;
    systemClock.after(retryMs, runTurn);
  }

  return {
    take(first, entries) {
      const batch: Batch = { first, answers: new Array(entries.length), missing: entries.length };
      for (const [index, entry] of entries.entries()) queue.push({ ...entry, batch, index });
      schedule();
    },
    schedule,
    upkeep(body) {
      while (!transact([], body, 1_000));
      if (consumption.wantsClaim()) schedule();
    },
    finish() {
      finishing = true;
      while (queue.length > 0) runTurn();
      const leave = (turn: Turn) => {
        consumption.leaveAll(turn);
        watches.leave(turn);
      };
      while (!transact([], leave, 1_000));
    },
  };
}

/** The raw envelopes go over in one buffer that is given away, not copied again. */
function tellClaimed(claimed: Turn["claimed"], report: EngineParts["report"]): void {
  const total = claimed.reduce((sum, { raw }) => sum + raw.byteLength, 0);
  const joined = new Uint8Array(total);
  const announced: ClaimedMessage[] = [];
  let offset = 0;
  for (const { message, raw } of claimed) {
    joined.set(raw, offset);
    offset += raw.byteLength;
    announced.push(message);
  }
  report({ kind: "claimed", messages: announced, raw: joined }, [joined.buffer]);
}
