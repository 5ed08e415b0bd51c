/** Everything the I/O thread knows of one file: its connection, its tables and the locks of its incarnations. */
import { statSync } from "node:fs";
import type Database from "libsql";
import { type BindingTable, openBindingTable } from "./binding-table.ts";
import { type BroadcastTable, openBroadcastTable } from "./broadcast-table.ts";
import { type ChordTable, openChordTable } from "./chord-table.ts";
import { type Connection, openConnection } from "./connection.ts";
import { type CoordinationTable, openCoordinationTable } from "./coordination-table.ts";
import { type EarTable, openEarTable } from "./ear-table.ts";
import { createLockFiles, type LockFiles } from "./lock-file.ts";
import { type MessageTable, openMessageTable } from "./message-table.ts";
import { openPauseTable, type PauseTable } from "./pause-table.ts";
import { openResultTable, type ResultTable } from "./result-table.ts";
import { migrate } from "./schema.ts";
import { createSlots, type Slots } from "./slots.ts";
import { openWorkerTable, type WorkerTable } from "./worker-table.ts";

export interface Tables {
  readonly path: string;
  readonly connection: Connection;
  readonly messages: MessageTable;
  readonly bindings: BindingTable;
  readonly pauses: PauseTable;
  readonly broadcasts: BroadcastTable;
  readonly ears: EarTable;
  readonly results: ResultTable;
  readonly chords: ChordTable;
  readonly workers: WorkerTable;
  readonly coordination: CoordinationTable;
  readonly slots: Slots;
  readonly locks: LockFiles;
  /** The file was removed or replaced while it was open: whoever opens its name now gets another one. */
  isMoved(): boolean;
}

/** Opens the file, makes it if it is not there, and brings its layout up to date. */
export function openTables(libsql: typeof Database, path: string, durability: "full" | "process"): Tables {
  const connection = openConnection(libsql, path, { durability });
  try {
    migrate(connection);
    const locks = createLockFiles(libsql, path);
    const workers = openWorkerTable(connection, locks);
    const { ino, dev } = statSync(path);
    return {
      path,
      connection,
      messages: openMessageTable(connection),
      bindings: openBindingTable(connection),
      pauses: openPauseTable(connection),
      broadcasts: openBroadcastTable(connection),
      ears: openEarTable(connection),
      results: openResultTable(connection),
      chords: openChordTable(connection),
      workers,
      coordination: openCoordinationTable(connection),
      slots: createSlots({ connection, workers, locks }),
      locks,
      isMoved() {
        const now = statSync(path, { throwIfNoEntry: false });
        return now?.ino !== ino || now.dev !== dev;
      },
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}
