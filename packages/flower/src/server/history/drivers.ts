/** Which driver keeps a history: the only file of the room that knows them. */
import { sqliteHistory } from "./sqlite/driver.ts";
import type { HistoryDriver } from "./store.ts";

/** `db`: see `HistoryOptions`. */
export function driverOf(_db: string | null): HistoryDriver {
  return sqliteHistory;
}
