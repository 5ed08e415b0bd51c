/** What the file is asked for so that a commit survives: kill -9 always, a power cut with `full`. */
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openConnection } from "../../../../packages/core/src/sqlite/connection.ts";
import { createSqliteFile, type SqliteFile } from "../../../support/sqlite-file.ts";

describe("commits", () => {
  let file: SqliteFile;
  beforeEach(async () => {
    file = await createSqliteFile();
  });
  afterEach(async () => {
    await file.remove();
  });

  test.each([
    ["full", 2],
    ["process", 1],
  ] as const)("are asked of SQLite as the setting says: %s", (durability, synchronous) => {
    const connection = openConnection(Database, file.path, { durability });
    expect(connection.query("pragma synchronous").all([])).toEqual([[synchronous]]);
    expect(connection.query("pragma journal_mode").all([])).toEqual([["wal"]]);
    connection.close();
  });
});
