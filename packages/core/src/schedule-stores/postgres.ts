/** The schedule store on PostgreSQL: a row for each app, each entry and each stamp. */
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import { parsePostgresUrl } from "../postgres/address.ts";
import type { Row } from "../postgres/ask.ts";
import { Database } from "../postgres/database.ts";
import { coordinatorFailure } from "../postgres/failure.ts";
import type { Page, ScheduleStore } from "../schedule-store.ts";
import {
  type DigestedEntry,
  type EntryDefinition,
  type EntrySource,
  type EntryState,
  type StoredEntry,
  writeDefinition,
} from "../stored-entry.ts";
import * as statements from "./postgres-statements.ts";

/** So many entries in one statement: a server that owes an answer for long is taken for gone. */
const page = 2_000;

/** Throws CONFIG_URL. Connects on first use. */
export function createPostgresScheduleStore(url: string, app: string, context: DriverContext): ScheduleStore {
  const address = parsePostgresUrl(url, context.credentials);
  const closed = () => new BrokerError("BROKER_CLOSED", `The schedule store on PostgreSQL at ${address.label} was closed`);
  const database = new Database(address, { context, celeryTables: false, tables: [], closed });
  /** of the last lead that began here */
  let begun: number | null = null;

  async function ask(statement: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      return await database.ask(statement, [app, ...values]);
    } catch (error) {
      throw coordinatorFailure(error, address.label);
    }
  }

  async function readPage<E>(since: number, known: EntrySource | null, entryOf: (row: Row) => E): Promise<Page<E>> {
    const rows = await ask(statements.readEntries, since, page, known);
    const isLast = rows.length < page;
    const changed = rows.filter((row) => row["name"] !== null);
    return {
      ...{ revision: Number((isLast ? rows[0]?.["at"] : rows.at(-1)?.["revision"]) ?? 0), isLast },
      entries: changed.filter((row) => row["source"] !== null).map(entryOf),
      removed: changed.filter((row) => row["source"] === null).map((row) => String(row["name"])),
    };
  }

  return {
    local: async () => null,
    async lead(holder, ttlMs) {
      const [taken] = await ask(statements.takeLead, holder, Math.max(1, Math.round(ttlMs)));
      const [row] = taken === undefined ? await ask(statements.seeLead) : [taken];
      const token = taken === undefined ? null : Number(taken["token"]);
      if (token !== null && token !== begun) await ask(statements.sweepRemoved, token);
      begun = token ?? begun;
      return { token, now: Number(row?.["now"]), revision: Number(row?.["revision"]) };
    },
    async resign(holder) {
      await ask(statements.resignLead, holder);
    },
    read: (since) => readPage(since, null, storedOf),
    survey: (since) => readPage(since, "code", (row) => (row["definition"] === null ? digestedOf(row) : storedOf(row))),
    async find(name) {
      const [row] = await ask(statements.findEntry, name);
      return row === undefined ? null : storedOf(row);
    },
    async put(source, definitions, token) {
      const refused: string[] = [];
      for (let from = 0; from < definitions.length; from += page) {
        const some = definitions.slice(from, from + page).map(writeDefinition);
        const columns = [some.map(({ name }) => name), some.map(({ text }) => text)];
        const marks = [some.map(({ digest }) => digest), some.map(({ timing }) => timing)];
        const rows = await ask(statements.putEntries, source, ...columns, ...marks, some.length, token ?? null);
        if (rows[0]?.["allowed"] === false) return "lost";
        refused.push(...rows.map((row) => String(row["name"])));
      }
      return refused;
    },
    remove: async (source, name, token) => (await ask(statements.removeEntry, source, name, token ?? null)).length > 0,
    setPaused: async (name, paused) => (await ask(statements.pauseEntry, name, paused)).length > 0,
    async stamp(token, ticks, passed) {
      const decided = [...passed, ...ticks];
      const rows = await ask(
        statements.stampTicks,
        token,
        ...[ticks.map(({ taskId }) => taskId), ticks.map(({ name }) => name), ticks.map(({ dueAt }) => dueAt)],
        ...[decided.map(({ name }) => name), decided.map(({ dueAt }) => dueAt)],
      );
      return rows.length > 0 ? "stamped" : "lost";
    },
    async confirm(taskIds, sentAt) {
      await ask(statements.confirmTicks, taskIds, sentAt);
    },
    async withdraw(taskIds) {
      await ask(statements.withdrawTicks, taskIds);
    },
    async stamped() {
      const rows = await ask(statements.stampedTicks);
      return rows.map((row) => ({ name: String(row["name"]), dueAt: Number(row["due"]), taskId: String(row["id"]) }));
    },
    close: () => database.close(),
  };
}

function storedOf(row: Row): StoredEntry {
  return { ...stateOf(row), definition: JSON.parse(String(row["definition"])) as EntryDefinition };
}

function digestedOf(row: Row): DigestedEntry {
  return { ...stateOf(row), name: String(row["name"]), definition: null, digest: row["digest"] as string | null };
}

function stateOf(row: Row): EntryState {
  const numberOf = (column: string) => (row[column] === null ? null : Number(row[column]));
  return {
    source: row["source"] as EntrySource,
    paused: row["paused"] === true,
    since: Number(row["since"]),
    lastDueAt: numberOf("last_due"),
    lastSentAt: numberOf("last_sent"),
    lastTaskId: row["last_id"] === null ? null : String(row["last_id"]),
    runs: Number(row["runs"]),
  };
}
