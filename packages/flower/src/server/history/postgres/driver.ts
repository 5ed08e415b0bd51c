/** Histories in a database of PostgreSQL, which several monitors may share: how a thread opens one. */
import { randomUUID } from "node:crypto";
import { CeleriacError, type Clock, reasonOf } from "@celeriac/core/runtime";
import type { HistoryDriver, ReadingStore, StoreNews, StoreOptions, WritingStore } from "../store.ts";
import { openOtherMonitors } from "./changes.ts";
import { type HistoryDatabase, openDatabase } from "./database.ts";
import { openPostgresReader } from "./reader.ts";
import { openPostgresWriter } from "./writer.ts";

/** A start does not wait longer for the database. */
const patienceMs = 2_000;

export const postgresHistory: HistoryDriver = {
  openWriting,
  openReading,
  failureOf: (error) => ({ failed: CeleriacError.is(error) ? error.code : "BROKER_REFUSED", message: reasonOf(error) }),
};

async function openWriting({ db, limits }: StoreOptions, clock: Clock, tell: (news: StoreNews) => void): Promise<WritingStore> {
  const database = openDatabase(db!, clock, (reason) => tell({ kind: "trouble", reason }));
  const monitor = randomUUID();
  const writer = openPostgresWriter({ database, limits, monitor });
  await begun(database, clock);
  const others = openOtherMonitors(database, clock, monitor);
  return {
    writer,
    reader: null,
    get trouble() {
      return database.trouble;
    },
    setAside: null,
    failed: reasonOf,
    follow: (told) => others.follow(told),
    async inspect() {},
    async close() {
      await others.close();
      await database.close();
    },
  };
}

async function openReading({ db, searchBudgetMs }: StoreOptions, clock: Clock): Promise<ReadingStore> {
  const database = openDatabase(db!, clock, () => {});
  return {
    reader: openPostgresReader({ database, clock, searchBudgetMs }),
    async reopen() {},
    close: () => database.close(),
  };
}

/** A database that is away keeps nobody from starting, and is told of; what can never be, is refused. */
async function begun(database: HistoryDatabase, clock: Clock): Promise<void> {
  const opening = database.ask("select version from celeriac_history").catch(async (error: unknown) => {
    if (!CeleriacError.is(error) || !error.code.startsWith("CONFIG_")) return;
    await database.close();
    throw error;
  });
  await Promise.race([opening, clock.sleep(patienceMs, undefined, { background: true })]);
}
