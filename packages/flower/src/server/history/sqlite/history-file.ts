/** The file of a history, opened: one that is damaged is set aside, and a fresh one takes its place. */
import { existsSync, renameSync } from "node:fs";
import {
  type Clock,
  type Connection,
  canonicalPath,
  loadLibsql,
  memoryPath,
  openConnection,
  refuseNetworkFileSystem,
  sqliteFailureOf,
} from "@celeriac/core/runtime";
import { migrate } from "./schema.ts";

export interface HistoryFile {
  readonly connection: Connection;
  /** where a damaged file was put; null: it was sound */
  readonly setAside: string | null;
}

/** `path`: null for one in memory. Throws CONFIG_DRIVER_MISSING, STORE_*, BROKER_LAYOUT for a file of a newer version, or what SQLite throws. */
export async function openHistoryFile(path: string | null, clock: Clock): Promise<HistoryFile> {
  const libsql = await loadLibsql();
  const open = (at: string) => {
    const connection = openConnection(libsql, at, { durability: "process" });
    try {
      migrate(connection);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  };
  if (path === null) return { connection: open(memoryPath), setAside: null };
  const file = canonicalPath(path);
  refuseNetworkFileSystem(file);
  try {
    return { connection: open(file), setAside: null };
  } catch (error) {
    if (!isDamage(error, file)) throw error;
    const setAside = putAside(file, clock);
    return { connection: open(file), setAside };
  }
}

/** For reading what another connection has made. */
export async function openForReading(path: string): Promise<Connection> {
  return openConnection(await loadLibsql(), path, { durability: "process" });
}

export function isDamage(error: unknown, path: string): boolean {
  return sqliteFailureOf(error, path).failed === "STORE_CORRUPT";
}

/** Renames the file with its log; gives its new name. */
export function putAside(path: string, clock: Clock): string {
  const stamp = new Date(clock.now()).toISOString().replace(/[:.]/g, "-");
  const setAside = `${path}.damaged-${stamp}`;
  for (const ending of ["-wal", "-shm", ""]) {
    // Of two processes that find the damage, one is first.
    if (existsSync(path + ending)) renameSync(path + ending, setAside + ending);
  }
  return setAside;
}
