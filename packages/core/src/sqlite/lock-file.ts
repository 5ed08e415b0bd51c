/**
 * Liveness without clocks: an incarnation holds an exclusive lock on a file of its own for as long as its process lives. A paused
 * process keeps the lock, a dead one loses it at once, whatever the clocks say.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type Database from "libsql";
import { isBusy } from "./failure.ts";

export interface LockFiles {
  /** Takes the lock of `inc`; false when another holds it. Called inside the transaction that makes the incarnation known. */
  hold(inc: number): boolean;
  /** Ends a lock of ours. */
  release(inc: number): void;
  holds(inc: number): boolean;
  /** Calls `recover` if nobody holds the lock, keeping it meanwhile; gives whether it did. */
  ifDead(inc: number, recover: () => void): boolean;
  /** Removes files that belong to no incarnation. Called with the write lock held, under which alone files are made. */
  sweep(known: ReadonlySet<number>): void;
  /** Lets go of everything and leaves the files where they are: they may be somebody else's by now. */
  releaseAll(): void;
}

export function createLockFiles(libsql: typeof Database, databasePath: string): LockFiles {
  const folder = `${databasePath}-workers`;
  const held = new Map<number, Database.Database>();
  const fileOf = (inc: number) => join(folder, String(inc));

  /** Only ever through SQLite: closing any other descriptor of a file drops the process's locks on it. */
  function lock(inc: number): Database.Database | null {
    mkdirSync(folder, { recursive: true });
    const file = new libsql(fileOf(inc), { timeout: 0 });
    try {
      file.exec("begin exclusive");
      return file;
    } catch (error) {
      file.close();
      if (isBusy(error)) return null;
      throw error;
    }
  }

  function unlock(inc: number, file: Database.Database): void {
    rmSync(fileOf(inc), { force: true });
    letGo(file);
  }

  function letGo(file: Database.Database): void {
    // Closing with the transaction open would leave the lock to the garbage collector.
    file.exec("rollback");
    file.close();
  }

  return {
    hold(inc) {
      const file = lock(inc);
      if (file === null) return false;
      held.set(inc, file);
      return true;
    },
    release(inc) {
      const file = held.get(inc);
      if (file === undefined) return;
      held.delete(inc);
      unlock(inc, file);
    },
    holds: (inc) => held.has(inc),
    ifDead(inc, recover) {
      if (held.has(inc)) return false;
      const file = lock(inc);
      if (file === null) return false;
      try {
        recover();
      } catch (error) {
        letGo(file);
        throw error;
      }
      unlock(inc, file);
      return true;
    },
    sweep(known) {
      for (const name of namesIn(folder)) {
        const inc = Number(name);
        if (!Number.isSafeInteger(inc) || known.has(inc) || held.has(inc)) continue;
        const file = lock(inc);
        if (file !== null) unlock(inc, file);
      }
    },
    releaseAll() {
      for (const file of held.values()) letGo(file);
      held.clear();
    },
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
