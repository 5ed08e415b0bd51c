/**
 * One connection of libsql to one file, with the rules that keep it safe: writing transactions start with BEGIN IMMEDIATE, no statement
 * is left half read, and "busy" is waited out here. Runs in threads that do nothing else, because everything in it blocks.
 */
import type Database from "libsql";
import { systemClock } from "../clock.ts";
import { CeleriacError, ConfigError } from "../errors.ts";
import { isBusy, isStaleSnapshot } from "./failure.ts";

export type Value = number | string | Uint8Array | null;
export type Row = readonly unknown[];

/** A prepared statement. Parameters are arrays; booleans are not among them (libsql aborts the process). */
export interface Statement {
  /** All rows as arrays. Reading to the end is what closes the snapshot, so there is no "first row only". */
  all(parameters: readonly Value[]): readonly Row[];
  /** How many rows changed. */
  run(parameters: readonly Value[]): number;
}

export interface Connection {
  readonly path: string;
  /** Prepares a statement that gives rows. */
  query(sql: string): Statement;
  /** Runs statements without parameters. */
  execute(sql: string): void;
  /** Runs `body` in a transaction; waits for the lock as long as it takes. Rolls back and rethrows when it throws. */
  write<T>(body: () => T): T;
  /**
   * Takes the write lock, or gives false when another still holds it after `patienceMs`. What is committed survives the loss of power if the
   * connection was opened for that, unless the transaction is `repeatable`: such a one is not waited for.
   */
  begin(patienceMs: number, repeatable?: boolean): boolean;
  commit(): void;
  rollback(): void;
  /** Moves the write-ahead log into the file and empties it; gives false when somebody was in the way. Never waits. */
  checkpoint(): boolean;
  /** Changes when another connection has committed something. */
  dataVersion(): number;
  close(): void;
}

export interface ConnectionOptions {
  readonly durability: "full" | "process";
}

type Libsql = typeof Database;

/** Throws CONFIG_DRIVER_MISSING when the optional package is not installed. */
export async function loadLibsql(): Promise<Libsql> {
  try {
    return (await import("libsql")).default;
  } catch (cause) {
    throw new ConfigError("CONFIG_DRIVER_MISSING", "sqlite:// needs the package libsql, which is not installed here: npm install libsql", {
      cause,
    });
  }
}

const retry = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread, and only this thread, for about `ms`. */
function pause(ms: number): void {
  Atomics.wait(retry, 0, 0, ms);
}

/** Calls `body` until nobody is in its way; gives up after `patienceMs`. */
function patiently<T>(patienceMs: number, body: () => T): T {
  const until = systemClock.monotonic() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return body();
    } catch (error) {
      if (!isBusy(error) || isStaleSnapshot(error) || systemClock.monotonic() > until) throw error;
      // Spread out, so that many processes that wait for one lock do not knock in step.
      pause(Math.min(0.2 * 1.5 ** attempt, 5) * (0.5 + Math.random()));
    }
  }
}

/** As a path: a database in the memory of this connection, which nobody else can open. */
export const memoryPath = ":memory:";

/** Nobody is in the way of a reader for long, but who has the file for itself alone: whoever opens it is told soon. */
const openPatienceMs = 5_000;
const readPatienceMs = 60_000;

/** Opens, or makes, the file. What SQLite throws is thrown as it is. */
export function openConnection(libsql: Libsql, path: string, options: ConnectionOptions): Connection {
  const database = new libsql(path, { timeout: 0 });
  let patienceMs = openPatienceMs;
  let dataVersion: Statement | null = null;
  const durable = options.durability === "full" ? "full" : "normal";
  let synchronous: string | null = null;

  function synchronise(wanted: "full" | "normal"): void {
    if (wanted === synchronous) return;
    connection.execute(`pragma synchronous = ${wanted}`);
    synchronous = wanted;
  }

  function query(sql: string): Statement {
    const statement = patiently(patienceMs, () => database.prepare(sql));
    let isRaw = false;
    return {
      all(parameters) {
        if (!isRaw) statement.raw(true);
        isRaw = true;
        return patiently(patienceMs, () => statement.all(parameters as Value[])) as Row[];
      },
      run: (parameters) => statement.run(parameters as Value[]).changes,
    };
  }

  const connection: Connection = {
    path,
    query,
    execute: (sql) => void patiently(patienceMs, () => database.exec(sql)),
    write(body) {
      while (!connection.begin(1_000));
      try {
        const value = body();
        connection.commit();
        return value;
      } catch (error) {
        connection.rollback();
        throw error;
      }
    },
    begin(waitMs, repeatable = false) {
      try {
        synchronise(repeatable ? "normal" : durable);
        patiently(waitMs, () => database.exec("begin immediate"));
        return true;
      } catch (error) {
        if (isBusy(error) && !isStaleSnapshot(error)) return false;
        throw error;
      }
    },
    commit: () => void database.exec("commit"),
    rollback() {
      // SQLite has rolled back by itself after some errors, among them a full disk.
      if (database.inTransaction) database.exec("rollback");
    },
    checkpoint() {
      try {
        const [outcome] = database.prepare("pragma wal_checkpoint(truncate)").raw(true).all() as Row[];
        return outcome?.[0] === 0;
      } catch (error) {
        if (isBusy(error)) return false;
        throw error;
      }
    },
    dataVersion() {
      dataVersion ??= query("pragma data_version");
      return Number(dataVersion.all([])[0]![0]);
    },
    close() {
      connection.rollback();
      database.close();
    },
  };

  try {
    prepareFile(connection);
    synchronise(durable);
    patienceMs = readPatienceMs;
  } catch (error) {
    connection.close();
    throw error;
  }
  return connection;
}

function prepareFile(connection: Connection): void {
  const [mode] = connection.query("pragma journal_mode = wal").all([]);
  if (mode?.[0] !== "wal" && connection.path !== memoryPath) {
    throw new CeleriacError(
      "STORE_NETWORK",
      `${connection.path} cannot be used with a write-ahead log: its file system has no shared memory`,
    );
  }
  connection.execute("pragma cache_size = -32000");
  connection.execute("pragma temp_store = memory");
}
