/** The result backend on PostgreSQL: our results as Celery's JSON in a table of our own, and on request Celery's table beside it. */
import type { ResultBackend, ResultRecord, StoreOutcome } from "../backend.ts";
import type { DriverContext } from "../driver.ts";
import { BackendError } from "../errors.ts";
import { parsePostgresUrl } from "../postgres/address.ts";
import type { Row } from "../postgres/ask.ts";
import { celeryResultOf } from "../postgres/celery-result.ts";
import { Database, type DatabaseOptions } from "../postgres/database.ts";
import { backendFailure } from "../postgres/failure.ts";
import { resultTables } from "../postgres/schema.ts";
import { skewOf } from "../server-facts.ts";
import { isFinal } from "../states.ts";
import { groupsAmongResults } from "./groups-among-results.ts";
import { createPostgresChords } from "./postgres-chords.ts";
import {
  changedResults,
  channel,
  cleanUpForCelery,
  forgetResult,
  forgetResultForCelery,
  getResult,
  getResults,
  storeResult,
  storeResultForCelery,
} from "./postgres-statements.ts";
import { ResultWatch } from "./postgres-watch.ts";

/** Longer than that no interval need be; a hundred years. */
const longestExpiryMs = 3_155_760_000_000;

export interface PostgresBackendOptions extends Pick<DatabaseOptions, "silentMs"> {
  /** writes Celery's `celery_taskmeta`, too */
  readonly celeryTables: boolean;
}

/** Throws CONFIG_URL. Connects nothing yet. */
export function createPostgresBackend(
  url: string,
  context: DriverContext,
  { celeryTables, silentMs }: PostgresBackendOptions,
): ResultBackend {
  const address = parsePostgresUrl(url, context.credentials);
  const closed = () => new BackendError("BACKEND_UNREACHABLE", `The result backend on PostgreSQL at ${address.label} was closed`);
  const database = new Database(address, { context, celeryTables, tables: resultTables, silentMs, closed });
  const failure = (error: unknown) => backendFailure(error, address.label);
  const watch = new ResultWatch({
    context,
    failure,
    listen: (heard) => database.listen(channel, heard),
    changed: (taskIds, stamps) => database.ask(changedResults, [taskIds, stamps]),
  });

  async function translated<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw failure(error);
    }
  }

  function storeForCelery(record: ResultRecord): Promise<readonly Row[]> {
    const forCelery = celeryResultOf(record);
    if (forCelery !== null) return database.write(storeResultForCelery, [...valuesOf(record), ...forCelery]);
    context.logger.warn("Celery's result table has no room for a task id of this length", { taskId: record.taskId });
    return storeOurs(record);
  }

  const storeOurs = (record: ResultRecord) => database.write(storeResult, valuesOf(record));

  async function storeWith(write: (record: ResultRecord) => Promise<readonly Row[]>, record: ResultRecord): Promise<StoreOutcome> {
    return (await translated(write(record))).length > 0 ? "stored" : "superseded";
  }

  async function get(taskId: string): Promise<string | null> {
    const [row] = await translated(database.ask(getResult, [taskId]));
    return row === undefined ? null : String(row["text"]);
  }

  async function forgetWith(statement: string, taskId: string): Promise<void> {
    await translated(database.ask(statement, [taskId]));
  }

  return {
    replyTo: null,
    chords: createPostgresChords(database, translated),
    connect: () => translated(database.ready()),
    store: (record) => storeWith(celeryTables ? storeForCelery : storeOurs, record),
    get,
    async getMany(taskIds) {
      const rows = await translated(database.ask(getResults, [taskIds]));
      const texts = new Map(rows.map((row) => [String(row["task_id"]), String(row["text"])]));
      return taskIds.map((taskId) => texts.get(taskId) ?? null);
    },
    subscribe: (taskId, listener) => watch.subscribe(taskId, listener),
    forget: (taskId) => forgetWith(celeryTables ? forgetResultForCelery : forgetResult, taskId),
    ...groupsAmongResults({
      store: (record) => storeWith(storeOurs, record),
      get,
      forget: (key) => forgetWith(forgetResult, key),
    }),
    async cleanUp(olderThanMs) {
      if (celeryTables) await translated(database.ask(cleanUpForCelery, [Math.min(olderThanMs, longestExpiryMs)]));
    },
    async health() {
      await translated(database.ask("select 1"));
    },
    async facts() {
      let version: unknown = null;
      const skewMs = await skewOf(context.clock, async () => {
        const [row] = await translated(
          database.ask("select current_setting('server_version') as version, extract(epoch from clock_timestamp()) * 1000 as now"),
        );
        version = row?.["version"];
        return Number(row?.["now"]);
      });
      return { software: `PostgreSQL ${String(version)}`, skewMs, persistent: null };
    },
    async close() {
      watch.close();
      await database.close();
    },
  };
}

function valuesOf({ taskId, state, attempt, text, expiresMs }: ResultRecord): readonly unknown[] {
  return [taskId, state, isFinal(state), attempt, expiresMs === null ? null : Math.min(expiresMs, longestExpiryMs), text];
}
