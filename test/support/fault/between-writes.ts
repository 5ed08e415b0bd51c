/** Stops a process that writes SQLite files at a moment at which it holds none of them: stopped inside a transaction it keeps the file from everybody. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { eventually } from "../eventually.ts";

/** SIGSTOP. `folder`: of its files; null: it has none. */
export async function stopBetweenWrites(pid: number, folder: string | null): Promise<void> {
  await eventually(async () => {
    process.kill(pid, "SIGSTOP");
    const isBetween = folder === null || databasesIn(folder).every(mayBeWritten);
    if (!isBetween) process.kill(pid, "SIGCONT");
    return isBetween;
  });
}

function databasesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /\.db(-schedules)?$/.test(name))
    .map((name) => join(folder, name));
}

function mayBeWritten(path: string): boolean {
  const database = new Database(path, { timeout: 100 });
  try {
    database.exec("begin immediate; rollback");
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "SQLITE_BUSY") return false;
    throw error;
  } finally {
    database.close();
  }
}
