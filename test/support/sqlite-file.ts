/** A SQLite file in a folder of its own, and a way into it beside the drivers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import type { DriverContext } from "../../packages/core/src/driver.ts";
import { driverContext } from "./driver-context.ts";

export interface SqliteFile {
  readonly url: string;
  readonly path: string;
  /**
   * A context for the next driver on this file. A process opens a file once for each durability, so two contexts in turn stand for two
   * processes: a connection and an I/O thread each, which meet only in the file.
   */
  nextContext(): DriverContext;
  /** Rows of a query, as arrays, through a connection of its own. */
  rows(sql: string, parameters?: readonly (string | number | null)[]): readonly (readonly unknown[])[];
  /** Puts bytes into a queue as they are. */
  insertRaw(queue: string, raw: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

export async function createSqliteFile(): Promise<SqliteFile> {
  const folder = await mkdtemp(join(tmpdir(), "celeriac-sqlite-"));
  const path = join(folder, "celeriac.db");
  let contexts = 0;
  return {
    url: `sqlite://${path}`,
    path,
    nextContext() {
      contexts += 1;
      return driverContext({ durability: contexts % 2 === 1 ? "process" : "full" });
    },
    rows(sql, parameters = []) {
      const database = new Database(path, { timeout: 5_000 });
      try {
        return database
          .prepare(sql)
          .raw(true)
          .all([...parameters]) as (readonly unknown[])[];
      } finally {
        database.close();
      }
    },
    async insertRaw(queue, raw) {
      const database = new Database(path, { timeout: 5_000 });
      database.prepare("insert into message (tag, queue, rank, waits_since, raw) values ('', ?, 9, 0, ?)").run([queue, raw]);
      database.close();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
