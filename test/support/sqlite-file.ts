/** A SQLite file in a folder of its own, and a way into it beside the drivers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";

export interface SqliteFile {
  readonly url: string;
  readonly path: string;
  /** Rows of a query, as arrays, through a connection of its own. */
  rows(sql: string, parameters?: readonly (string | number | null)[]): readonly (readonly unknown[])[];
  /** Puts bytes into a queue as they are. */
  insertRaw(queue: string, raw: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

export async function createSqliteFile(): Promise<SqliteFile> {
  const folder = await mkdtemp(join(tmpdir(), "celeriac-sqlite-"));
  const path = join(folder, "celeriac.db");
  return {
    url: `sqlite://${path}`,
    path,
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
