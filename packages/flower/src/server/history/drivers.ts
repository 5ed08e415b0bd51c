/** Which driver keeps a history: the only file of the room that knows them. */
import { isPostgresUrl } from "./db-place.ts";
import { postgresHistory } from "./postgres/driver.ts";
import { sqliteHistory } from "./sqlite/driver.ts";
import type { HistoryDriver } from "./store.ts";

/** `db`: see `HistoryOptions`. */
export function driverOf(db: string | null): HistoryDriver {
  return db !== null && isPostgresUrl(db) ? postgresHistory : sqliteHistory;
}
