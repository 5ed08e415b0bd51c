/** Holds a SQLite file, and the files beside it, against the key table. */
import { readdirSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import Database from "libsql";
import { readKeyTable } from "./key-table.ts";

export interface SqliteAudit {
  /** what breaks the table, in words */
  readonly problems: readonly string[];
  /** table → how many rows it has */
  readonly rows: ReadonlyMap<string, number>;
  /** relative to the file's folder, its own first */
  readonly files: readonly string[];
}

export function auditSqlite(path: string): SqliteAudit {
  const table = readKeyTable("SQLite", []);
  const files = filesOf(path);
  const problems: string[] = [];
  const rows = new Map<string, number>();
  const database = new Database(path, { timeout: 5_000 });
  try {
    const ask = (sql: string, ...values: readonly number[]) => database.prepare(sql).raw(true).all(values) as unknown[][];
    for (const [name] of ask("select name from sqlite_schema where type = 'table'")) rows.set(String(name), 0);
    for (const name of rows.keys()) rows.set(name, Number(ask(`select count(*) from ${name}`)[0]?.[0]));
    for (const { pattern, type, ttlMs } of table.rows) {
      if (type !== "table") continue;
      if (!rows.has(pattern)) problems.push(`${pattern} is in the table, not in the file`);
      // A year is as good as for ever: no time to live is longer than what was asked for.
      else if (ttlMs !== null && ask(`select 1 from ${pattern} where expires > ? limit 1`, Date.now() + Math.min(ttlMs, yearMs)).length > 0)
        problems.push(`${pattern} has rows that live longer than the table says`);
    }
  } finally {
    database.close();
  }
  const found = [...[...rows.keys()].map((name) => [name, "table"] as const), ...files.map((name) => [name, "file"] as const)];
  for (const [name, type] of found) {
    const matches = table.matches(name).filter(({ row }) => row.type === type);
    if (matches.length !== 1) problems.push(`${type} ${name} is named by ${matches.length} rows`);
  }
  return { problems, rows, files };
}

const yearMs = 366 * 86_400_000;

function filesOf(path: string): readonly string[] {
  const folder = dirname(path);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, `${entry.parentPath}/${entry.name}`))
    .filter((name) => name.startsWith(basename(path)))
    .sort();
}
