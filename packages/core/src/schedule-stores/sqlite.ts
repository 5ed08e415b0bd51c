/**
 * The schedule store in a file beside the broker's, for the processes of one machine. Its transactions are short and few, some in a second:
 * they run in the thread that asks, and wait for each other's lock without holding it up.
 */
import { stat } from "node:fs/promises";
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import type { ScheduleStore } from "../schedule-store.ts";
import { type Connection, loadLibsql, openConnection } from "../sqlite/connection.ts";
import { errorOf, failureOf } from "../sqlite/failure.ts";
import { canonicalPath, filePathOf } from "../sqlite/file-path.ts";
import { refuseNetworkFileSystem } from "../sqlite/file-system.ts";
import { thisMachine } from "../sqlite/machine.ts";
import { openScheduleTables, type ScheduleTables } from "../sqlite/schedule-file.ts";
import { writeDefinition } from "../stored-entry.ts";

/** in which it tries without giving way */
const patienceMs = 5;
const againMs = 10;
/** So many entries at a time: others have their turn between, and who leads can prolong its lease. */
const page = 1_000;

interface Opened {
  readonly connection: Connection;
  readonly tables: ScheduleTables;
}

/** Throws CONFIG_URL. Opens nothing yet; the first call does. Every call may throw what opening the file throws, STORE_FULL, or BROKER_CLOSED. */
export function createSqliteScheduleStore(url: string, app: string, context: DriverContext, machine = thisMachine()): ScheduleStore {
  const path = `${filePathOf(url)}-schedules`;
  const { clock } = context;
  let opening: Promise<Opened> | null = null;
  let closed = false;

  async function open(): Promise<Opened> {
    const file = canonicalPath(path);
    refuseNetworkFileSystem(file);
    const connection = openConnection(await loadLibsql(), file, { durability: context.durability });
    try {
      return { connection, tables: openScheduleTables(connection) };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async function using<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    if (closed) throw new BrokerError("BROKER_CLOSED", `The schedule store ${path} was closed`);
    try {
      opening ??= open();
      return await work(await opening);
    } catch (error) {
      await reopenNext();
      throw errorOf(failureOf(error, path));
    }
  }

  function inTransaction<T>(work: (tables: ScheduleTables) => T): Promise<T> {
    return using(async ({ connection, tables }) => {
      while (!connection.begin(patienceMs)) await clock.sleep(againMs);
      try {
        const given = work(tables);
        connection.commit();
        return given;
      } catch (error) {
        connection.rollback();
        throw error;
      }
    });
  }

  /** What has failed may be the connection's fault. */
  async function reopenNext(): Promise<void> {
    const failed = opening;
    opening = null;
    (await failed?.catch(() => null))?.connection.close();
  }

  return {
    local: () =>
      using(async ({ connection }) => {
        const { dev, ino } = await stat(connection.path, { bigint: true });
        return { path: connection.path, identity: `${machine}:${dev}:${ino}` };
      }),
    lead: (holder, ttlMs) => inTransaction((tables) => tables.lead(app, { holder, machine, ttlMs, now: clock.now() })),
    resign: (holder) => inTransaction((tables) => tables.resign(app, holder)),
    read: (since) => inTransaction((tables) => tables.read(app, since, page)),
    survey: (since) => inTransaction((tables) => tables.survey(app, since, page)),
    find: (name) => inTransaction((tables) => tables.find(app, name)),
    async put(source, definitions, token) {
      const refused: string[] = [];
      for (let from = 0; from < definitions.length; from += page) {
        const some = definitions.slice(from, from + page).map(writeDefinition);
        const names = await inTransaction((tables) => (tables.mayWrite(app, token) ? tables.put(app, source, some, clock.now()) : null));
        if (names === null) return "lost";
        refused.push(...names);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return refused;
    },
    remove: (source, name, token) => inTransaction((tables) => tables.mayWrite(app, token) && tables.remove(app, source, name)),
    setPaused: (name, paused) => inTransaction((tables) => tables.setPaused(app, name, paused, clock.now())),
    stamp: (token, ticks, passed) =>
      inTransaction((tables) => {
        if (!tables.mayWrite(app, token)) return "lost";
        for (const each of passed) tables.pass(app, each);
        for (const tick of ticks) tables.stamp(app, tick);
        return "stamped";
      }),
    confirm: (taskIds, sentAt) =>
      inTransaction((tables) => {
        for (const taskId of taskIds) tables.confirm(app, taskId, sentAt);
      }),
    withdraw: (taskIds) =>
      inTransaction((tables) => {
        for (const taskId of taskIds) tables.withdraw(app, taskId);
      }),
    stamped: () => inTransaction((tables) => tables.stamped(app)),
    async close() {
      closed = true;
      await reopenNext();
    },
  };
}
