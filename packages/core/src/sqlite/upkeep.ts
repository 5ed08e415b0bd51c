/**
 * What the I/O thread does without being asked: notices what other processes committed, frees delayed messages when they are due, finds
 * dead incarnations, and keeps the write-ahead log small. Without consumers and watches it does nothing at all.
 */
import { systemClock, type Timer } from "../clock.ts";
import type { Consumption } from "./consumption.ts";
import type { Engine } from "./engine.ts";
import { failureOf } from "./failure.ts";
import type { Report } from "./operation.ts";
import type { Tables } from "./tables.ts";
import type { Turn } from "./turn.ts";
import type { WakeFile } from "./wake-file.ts";
import type { Watches } from "./watches.ts";

/** The fallback of the wake file; an idle tick costs some microseconds. */
const pollMs = 250;
const probeMs = 2_000;
/** Longest timer for a due message: the wall clock may jump. */
const longestDueMs = 1_000;
/** Quiet for so long counts as idle: the log is emptied. */
const idleMs = 1_000;
/** Pages after which a commit moves the log into the file: by those who work, early; by those who only publish, hardly ever. */
const checkpointPages = { consuming: 1_000, publishing: 10_000 };

export interface UpkeepParts {
  readonly tables: Tables;
  readonly consumption: Consumption;
  readonly watches: Watches;
  readonly wake: WakeFile;
  readonly engine: Engine;
  report(report: Report): void;
}

export interface Upkeep {
  /** Called after each committed transaction. */
  committed(turn: Turn): void;
  /** Called after each turn: timers run only while there is somebody to serve. */
  adjust(): void;
  stop(): void;
}

export function startUpkeep(parts: UpkeepParts): Upkeep {
  const { tables, consumption, watches, wake, engine, report } = parts;
  const { connection, messages, workers, locks } = tables;
  let dataVersion = connection.dataVersion();
  let nextDue: number | null = null;
  let dueTimer: Timer | null = null;
  let ticking: Timer | null = null;
  let probing: Timer | null = null;
  let look: NodeJS.Immediate | null = null;
  let pages = 0;
  let lastWriteAt: number | null = null;
  let stopped = false;

  /** Whatever goes wrong while nobody asked is told, and tried again at the next tick. */
  function quietly(step: string, body: () => void): void {
    if (stopped) return;
    try {
      body();
    } catch (error) {
      report({ kind: "note", level: "warn", text: `SQLite upkeep failed: ${step}`, fields: failureOf(error, tables.path) });
    }
  }

  function notice(): void {
    look = null;
    quietly("look", () => {
      const version = connection.dataVersion();
      if (version === dataVersion) return;
      dataVersion = version;
      if (consumption.count > 0) {
        consumption.look();
        planDue();
      }
      if (watches.count > 0) {
        const changes = watches.changes(systemClock.now());
        if (changes.length > 0) report({ kind: "results", changes });
      }
    });
    if (consumption.wantsClaim()) engine.schedule();
  }

  function planDue(): void {
    nextDue = messages.nextDue();
    dueTimer?.cancel();
    dueTimer = null;
    if (nextDue === null) return;
    const delayMs = Math.min(nextDue - systemClock.now(), longestDueMs);
    dueTimer = systemClock.after(delayMs, onDue, { background: true });
  }

  function onDue(): void {
    dueTimer = null;
    quietly("free due messages", () => {
      if (nextDue !== null && nextDue <= systemClock.now()) {
        engine.upkeep((turn) => {
          for (const queue of messages.freeDue(turn.now)) turn.arrivals.add(queue);
        });
      }
      if (dueTimer === null) planDue();
    });
  }

  function tick(): void {
    notice();
    const idle = lastWriteAt !== null && systemClock.monotonic() - lastWriteAt > idleMs;
    if (idle && consumption.count > 0) {
      quietly("checkpoint", () => {
        if (connection.checkpoint()) lastWriteAt = null;
      });
    }
  }

  function probe(): void {
    quietly("probe", () => {
      const known = workers.all();
      for (const inc of known) {
        locks.ifDead(inc, () => {
          engine.upkeep((turn) => recover(inc, turn));
        });
      }
    });
  }

  function recover(inc: number, turn: Turn): void {
    if (!workers.remove(inc)) return;
    const freed = messages.recover(inc);
    turn.onCommit.push(() => {
      consumption.feed(null);
      report({ kind: "note", level: "warn", text: "Recovered the claims of a dead worker", fields: { incarnation: inc, messages: freed } });
    });
    for (const queue of freed > 0 ? allQueues : []) turn.arrivals.add(queue);
  }

  function adjust(): void {
    const consuming = consumption.count > 0;
    if ((consuming || watches.count > 0) && ticking === null) {
      wake.watch(
        () => {
          look ??= setImmediate(notice);
        },
        (error) => report({ kind: "note", level: "warn", text: "Cannot watch the wake file", fields: failureOf(error, tables.path) }),
      );
      ticking = systemClock.every(pollMs, tick);
    } else if (!consuming && watches.count === 0) {
      ticking?.cancel();
      ticking = null;
    }
    if (consuming && probing === null) {
      probing = systemClock.every(probeMs, probe);
      quietly("sweep", () => engine.upkeep(() => locks.sweep(new Set(workers.all()))));
      probe();
      quietly("plan due messages", planDue);
    } else if (!consuming) {
      probing?.cancel();
      probing = null;
    }
    const wanted = consuming ? checkpointPages.consuming : checkpointPages.publishing;
    if (wanted !== pages) {
      pages = wanted;
      quietly("checkpoint pages", () => connection.execute(`pragma wal_autocheckpoint = ${pages}`));
    }
  }

  adjust();
  return {
    adjust,
    committed(turn) {
      lastWriteAt = systemClock.monotonic();
      adjust();
      if (turn.delays && consumption.count > 0) planDue();
    },
    stop() {
      stopped = true;
      dueTimer?.cancel();
      ticking?.cancel();
      probing?.cancel();
      if (look !== null) clearImmediate(look);
    },
  };
}

/** Stands for "some queue": only whether others have to be woken depends on it. */
const allQueues = ["*"];
