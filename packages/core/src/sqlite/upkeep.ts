/**
 * What the I/O thread does without being asked. Duties: 1. notice what other processes committed, 2. free delayed messages when they are
 * due, 3. find dead incarnations, 4. keep the write-ahead log small, 5. notice that the file was taken away. Without consumers,
 * watches and subscriptions it does nothing at all.
 */
import { systemClock, type Timer } from "../clock.ts";
import type { Attendance } from "./apply.ts";
import type { Engine } from "./engine.ts";
import { failureOf } from "./failure.ts";
import type { Report } from "./operation.ts";
import type { Tables } from "./tables.ts";
import type { Turn } from "./turn.ts";
import type { WakeFile } from "./wake-file.ts";

/** The fallback of the wake file; an idle tick costs some microseconds. */
const pollMs = 250;
const probeMs = 2_000;
/** Longest timer for a due message: the wall clock may jump. */
const longestDueMs = 1_000;
/** Quiet for so long counts as idle: the log is emptied. */
const idleMs = 1_000;
/** Pages after which a commit moves the log into the file: by those who work, early; by those who only publish, hardly ever. */
const checkpointPages = { consuming: 1_000, publishing: 10_000 };
/** Stands for "some queue": only whether others have to be woken depends on it. */
const someQueue = "*";

export interface UpkeepParts extends Attendance {
  readonly tables: Tables;
  readonly wake: WakeFile;
  readonly engine: Engine;
  report(report: Report): void;
}

export class Upkeep {
  readonly #parts: UpkeepParts;
  #dataVersion: number;
  #nextDue: number | null = null;
  #dueTimer: Timer | null = null;
  #ticking: Timer | null = null;
  #probing: Timer | null = null;
  #noticing = false;
  #pages = 0;
  #lastWriteAt: number | null = null;
  #stopped = false;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#dataVersion = parts.tables.connection.dataVersion();
    this.adjust();
  }

  /** Called after each committed transaction. */
  committed(turn: Turn): void {
    this.#lastWriteAt = systemClock.monotonic();
    this.adjust();
    if (turn.delays && this.#probing !== null) this.#quietly("plan due messages", () => this.#planDue());
  }

  /** Called after each turn: timers run only while there is somebody to serve. */
  adjust(): void {
    if (this.#stopped) return;
    const consuming = this.#parts.consumption.count > 0;
    this.#adjustTicking(consuming || this.#parts.watches.count > 0 || this.#parts.subscriptions.count > 0);
    this.#adjustProbing(consuming);
    const pages = consuming ? checkpointPages.consuming : checkpointPages.publishing;
    if (pages === this.#pages) return;
    this.#pages = pages;
    this.#quietly("checkpoint pages", () => this.#parts.tables.connection.execute(`pragma wal_autocheckpoint = ${pages}`));
  }

  stop(): void {
    this.#stopped = true;
    this.#dueTimer?.cancel();
    this.#ticking?.cancel();
    this.#probing?.cancel();
  }

  #adjustTicking(wanted: boolean): void {
    if (!wanted) {
      this.#ticking?.cancel();
      this.#ticking = null;
    } else if (this.#ticking === null) {
      this.#ticking = systemClock.every(pollMs, () => this.#tick());
      this.#parts.wake.watch(
        () => this.#wake(),
        (error) => this.#warn("watch the wake file", error),
      );
      // What was committed between opening the file and now.
      this.#wake();
    }
  }

  #adjustProbing(wanted: boolean): void {
    if (!wanted) {
      this.#probing?.cancel();
      this.#probing = null;
    } else if (this.#probing === null) {
      const { engine, tables } = this.#parts;
      this.#probing = systemClock.every(probeMs, () => this.#probe());
      this.#quietly("sweep lock files", () => engine.upkeep(() => tables.locks.sweep(new Set(tables.workers.all()))));
      this.#probe();
      this.#quietly("plan due messages", () => this.#planDue());
    }
  }

  #tick(): void {
    if (!this.#parts.engine.checkFile()) return;
    this.#notice();
    const { connection } = this.#parts.tables;
    const isIdle = this.#lastWriteAt !== null && systemClock.monotonic() - this.#lastWriteAt > idleMs;
    if (!isIdle || this.#parts.consumption.count === 0) return;
    this.#quietly("checkpoint", () => {
      if (connection.checkpoint()) this.#lastWriteAt = null;
    });
  }

  /** Many touches of one moment are looked at once. */
  #wake(): void {
    if (this.#noticing) return;
    this.#noticing = true;
    setImmediate(() => {
      this.#noticing = false;
      this.#notice();
    });
  }

  #notice(): void {
    this.#quietly("look", () => {
      const { tables, consumption, watches, subscriptions, engine } = this.#parts;
      const version = tables.connection.dataVersion();
      if (version !== this.#dataVersion) {
        this.#dataVersion = version;
        if (consumption.count > 0) {
          consumption.look();
          this.#planDue();
        }
        if (watches.count > 0) engine.tellChanges(watches.changes(systemClock.now()));
        if (subscriptions.count > 0) engine.tellHeard(systemClock.now());
      }
      // Also what could not be claimed while the file could not be written.
      if (consumption.wantsClaim()) engine.schedule();
    });
  }

  #planDue(): void {
    this.#nextDue = this.#parts.tables.messages.nextDue();
    this.#dueTimer?.cancel();
    this.#dueTimer = null;
    if (this.#nextDue === null) return;
    const delayMs = Math.min(this.#nextDue - systemClock.now(), longestDueMs);
    this.#dueTimer = systemClock.after(delayMs, () => this.#onDue(), { background: true });
  }

  #onDue(): void {
    this.#quietly("free due messages", () => {
      const { engine, tables, consumption } = this.#parts;
      if (consumption.count === 0) return;
      if (this.#nextDue !== null && this.#nextDue <= systemClock.now()) {
        engine.upkeep((turn) => {
          for (const queue of tables.messages.freeDue(turn.now)) turn.arrivals.add(queue);
        });
      }
      this.#planDue();
    });
  }

  #probe(): void {
    this.#quietly("probe", () => {
      const { engine, tables } = this.#parts;
      for (const inc of tables.workers.all()) {
        tables.locks.ifDead(inc, () => engine.upkeep((turn) => this.#recover(inc, turn)));
      }
    });
  }

  #recover(inc: number, turn: Turn): void {
    const { tables, consumption, report } = this.#parts;
    if (!tables.workers.remove(inc)) return;
    const freed = tables.messages.recover(inc);
    if (freed === 0) return;
    turn.arrivals.add(someQueue);
    turn.onCommit.push(() => {
      consumption.feed(null);
      report({ kind: "note", level: "warn", text: "Recovered the claims of a dead worker", fields: { incarnation: inc, messages: freed } });
    });
  }

  /** Whatever goes wrong while nobody asked is told, and tried again at the next tick. */
  #quietly(step: string, body: () => void): void {
    if (this.#stopped) return;
    try {
      body();
    } catch (error) {
      this.#warn(step, error);
    }
  }

  #warn(step: string, error: unknown): void {
    const { failed, message } = failureOf(error, this.#parts.tables.path);
    this.#parts.report({ kind: "note", level: "warn", text: "SQLite upkeep failed", fields: { step, errorCode: failed, reason: message } });
  }
}
