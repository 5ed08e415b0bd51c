/** The database of a history: its tables are there before the first question, and it knows whether it can be reached. */
import {
  CeleriacError,
  type Clock,
  PostgresDatabase,
  type PostgresRow,
  parsePostgresUrl,
  postgresFailureOf,
  silentLogger,
} from "@celeriac/core/runtime";
import { writable } from "../writable-text.ts";
import { bringUpToDate } from "./schema.ts";

/** `?` stands for each value in its turn. Rejects with the error as `pg` tells it. Without values it may be several statements. */
export type AskHistory = (sql: string, values?: readonly unknown[]) => Promise<readonly PostgresRow[]>;

export interface HistoryDatabase {
  /** Rejects with BROKER_*, CONFIG_DRIVER_MISSING. */
  readonly ask: AskHistory;
  /** All of it or nothing. Rejects as `ask` does. */
  transaction<T>(body: (ask: AskHistory) => Promise<T>): Promise<T>;
  /** Why it cannot be asked, as the last question found it; null: it can. */
  readonly trouble: string | null;
  close(): Promise<void>;
}

/** Throws CONFIG_URL. Connects on first use. `changed`: the trouble is another. */
export function openDatabase(url: string, clock: Clock, changed: (trouble: string | null) => void): HistoryDatabase {
  const address = parsePostgresUrl(url);
  const closed = () => new CeleriacError("BROKER_CLOSED", `The history at ${address.label} was closed`);
  const context = { clock, logger: silentLogger };
  const database = new PostgresDatabase(address, { context, celeryTables: false, bringUpToDate, tables: [], closed });
  let trouble: string | null = null;

  function note(found: string | null): void {
    if (found === trouble) return;
    trouble = found;
    changed(found);
  }

  async function translated<T>(answer: Promise<T>): Promise<T> {
    try {
      const given = await answer;
      note(null);
      return given;
    } catch (error) {
      const failure = postgresFailureOf(error, address.label);
      if (failure.code !== "BROKER_CLOSED") note(failure.message);
      throw failure;
    }
  }

  return {
    ask: (sql, values) => translated(database.ask(numbered(sql), written(values))),
    transaction: (body) =>
      translated(
        (async () => {
          await database.ready();
          return await database.transaction((ask) => body((sql, values) => ask(numbered(sql), written(values))));
        })(),
      ),
    get trouble() {
      return trouble;
    },
    close: () => database.close(),
  };
}

function numbered(sql: string): string {
  let count = 0;
  return sql.replace(/\?/g, () => `$${++count}`);
}

function written(values: readonly unknown[] = []): readonly unknown[] {
  return values.map((value) => (typeof value === "string" ? writable(value) : Array.isArray(value) ? written(value) : value));
}
