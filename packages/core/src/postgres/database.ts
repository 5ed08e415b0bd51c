/**
 * One database, asked through a few connections that are opened on demand and replaced when they break. Duties: 1. load `pg`,
 * 2. bring the tables up to date before the first question, 3. let no question wait for ever, 4. remove what expired.
 */
import type pg from "pg";
import { answerLimitMs } from "../credentials.ts";
import type { DriverContext } from "../driver.ts";
import { ConfigError, reasonOf } from "../errors.ts";
import type { PostgresAddress } from "./address.ts";
import type { Ask, Row } from "./ask.ts";
import { askingClient } from "./asking-client.ts";
import { isUndefined } from "./failure.ts";
import { bringUpToDate } from "./schema.ts";

export interface DatabaseOptions {
  readonly context: Pick<DriverContext, "clock" | "logger">;
  /** Celery's own result table is written as well */
  readonly celeryTables: boolean;
  /** Makes the tables, or brings them up to date, in a transaction; `label`: as the address has it. Those of this package unless told. */
  readonly bringUpToDate?: ((ask: Ask, label: string) => Promise<void>) | undefined;
  /** the tables whose owner this is: what expired in them is removed */
  readonly tables: readonly string[];
  /** A server that owes an answer for so long is taken for gone; 10,000 unless told. */
  readonly silentMs?: number | undefined;
  /** The error of a database that was closed. */
  readonly closed: () => Error;
}

/** Connections that ask; one more listens, where somebody waits for results. */
const mostConnections = 4;
const connectLimitMs = 5_000;
const usualSilentMs = 10_000;
const pruneEveryMs = 60_000;
/** Rows of one table that one statement removes. */
const prunedAtOnce = 1_000;

export class Database {
  readonly #address: PostgresAddress;
  readonly #options: DatabaseOptions;
  #pool: Promise<pg.Pool> | null = null;
  #ready: Promise<void> | null = null;
  #prunedAt: number;
  #isClosed = false;

  constructor(address: PostgresAddress, options: DatabaseOptions) {
    this.#address = address;
    this.#options = options;
    this.#prunedAt = options.context.clock.monotonic();
  }

  /** Connects, and makes sure that the tables are there. Rejects with the cause as `pg` tells it, or CONFIG_DRIVER_MISSING, BROKER_LAYOUT. */
  ready(): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#options.closed());
    if (this.#ready === null) {
      const { celeryTables, bringUpToDate: make = (ask, label) => bringUpToDate(ask, celeryTables, label) } = this.#options;
      const attempt = this.transaction((ask) => make(ask, this.#address.label));
      this.#ready = attempt;
      attempt.catch(() => {
        if (this.#ready === attempt) this.#ready = null;
      });
    }
    return this.#ready;
  }

  /** The rows that one statement gives. */
  async ask(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    await this.ready();
    try {
      return await this.#query(sql, values);
    } catch (error) {
      if (!isUndefined(error)) throw error;
      // Somebody has taken the tables away, or the server came back without them.
      this.#ready = null;
      await this.ready();
      return await this.#query(sql, values);
    }
  }

  /** As `ask`, for statements that write: now and then what expired goes with them. */
  async write(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const rows = await this.ask(sql, values);
    this.#pruneSometimes();
    return rows;
  }

  /** Runs `body` in a transaction on one connection. Does not look after the tables. */
  async transaction<T>(body: (ask: Ask) => Promise<T>): Promise<T> {
    const client = await (await this.#open()).connect();
    let failure: unknown = null;
    try {
      await client.query("begin");
      const value = await body(async (sql, values = []) => (await client.query(sql, [...values])).rows as Row[]);
      await client.query("commit");
      return value;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      // A transaction that failed ends with its connection, whatever state that is in.
      client.release(failure !== null);
    }
  }

  /** A connection of its own, which listens to a channel; `heard` gets each payload. */
  async listen(channel: string, heard: (payload: string) => void): Promise<Ear> {
    await this.ready();
    const { Client } = await this.#library();
    // Its types do not know the two.
    const client = new Client(this.#settings("celeriac:results")) as pg.Client & { ref(): void; unref(): void };
    const gone = new Promise<unknown>((resolve) => {
      client.once("error", resolve);
      client.once("end", () => resolve(new Error("the server closed the connection")));
    });
    // Later errors of a connection that is gone tell nothing new, but nobody listening would end the process.
    client.on("error", () => {});
    client.on("notification", ({ payload }) => heard(payload ?? ""));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      if (this.#isClosed) throw this.#options.closed();
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
    const hold = (holds: boolean) => (holds ? client.ref() : client.unref());
    const close = () => {
      // A server that does not say good-bye keeps nobody waiting.
      hold(false);
      void client.end().catch(() => {});
    };
    return { gone, hold, close };
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const pool = await this.#pool?.catch(() => null);
    await pool?.end();
  }

  #open(): Promise<pg.Pool> {
    if (this.#isClosed) return Promise.reject(this.#options.closed());
    this.#pool ??= this.#createPool().catch((error: unknown) => {
      this.#pool = null;
      throw error;
    });
    return this.#pool;
  }

  async #createPool(): Promise<pg.Pool> {
    const { Pool, Client } = await this.#library();
    const pool = new Pool({
      ...this.#settings("celeriac"),
      // credentials() has a limit of its own, and the pool would not wait for it.
      connectionTimeoutMillis: connectLimitMs + (this.#address.credentials === null ? 0 : answerLimitMs),
      Client: Client as NonNullable<pg.PoolConfig["Client"]>,
      max: mostConnections,
      allowExitOnIdle: true,
    });
    // Of a connection that nobody uses: the next question opens another.
    pool.on("error", (error) => this.#options.context.logger.debug("A PostgreSQL connection was lost", { reason: reasonOf(error) }));
    return pool;
  }

  async #library(): Promise<Pick<typeof pg, "Pool" | "Client">> {
    const { Pool, Client } = await loadPg();
    const { credentials } = this.#address;
    return { Pool, Client: credentials === null ? Client : askingClient(Client, credentials, connectLimitMs) };
  }

  #settings(name: string): pg.ClientConfig {
    const { connectionString } = this.#address;
    const { silentMs = usualSilentMs } = this.#options;
    return {
      connectionString,
      application_name: name,
      connectionTimeoutMillis: connectLimitMs,
      query_timeout: silentMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: silentMs,
    };
  }

  async #query(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const pool = await this.#open();
    return (await pool.query(sql, [...values])).rows as Row[];
  }

  #pruneSometimes(): void {
    const { clock, logger } = this.#options.context;
    if (clock.monotonic() - this.#prunedAt < pruneEveryMs) return;
    this.#prunedAt = clock.monotonic();
    const pruning = this.#options.tables.map((table) =>
      this.#query(
        `delete from ${table} where ctid = any (array (select ctid from ${table} where expires_at <= clock_timestamp() limit ${prunedAtOnce}))`,
        [],
      ),
    );
    Promise.all(pruning).catch((error) => logger.debug("What expired could not be removed", { reason: reasonOf(error) }));
  }
}

export interface Ear {
  /** Resolves with the reason when the connection is gone. Never rejects. */
  readonly gone: Promise<unknown>;
  /** Whether it keeps the process alive. */
  hold(holds: boolean): void;
  close(): void;
}

async function loadPg(): Promise<typeof pg> {
  try {
    return (await import("pg")).default;
  } catch (cause) {
    throw new ConfigError("CONFIG_DRIVER_MISSING", "db+postgresql:// needs the package pg, which is not installed here: npm install pg", {
      cause,
    });
  }
}
