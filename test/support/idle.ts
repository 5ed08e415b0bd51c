/** What a server or a file sees of those who have nothing to do: Redis' own count of commands, and every trace a SQLite commit leaves. */
import { statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import Database from "libsql";

export interface CountedCommands {
  readonly commands: ReadonlyMap<string, number>;
  /** as long as was asked for, or longer on a busy machine */
  readonly seconds: number;
}

/** Commands a Redis server ran in `ms`, by name; those that scripts call are counted each (from Redis 7 on). */
export async function redisCommandsIn(ms: number, url: string): Promise<CountedCommands> {
  const beganAt = performance.now();
  const commands = await redisCommandsDuring(() => pause(ms), url);
  return { commands, seconds: (performance.now() - beganAt) / 1_000 };
}

/** The same for as long as `work` takes, which may ask the server, too. */
export async function redisCommandsDuring(work: (client: Redis) => Promise<unknown>, url: string): Promise<ReadonlyMap<string, number>> {
  const client = new Redis(url, { protocol: 2 });
  try {
    const before = await commandCounts(client);
    await work(client);
    const after = await commandCounts(client);
    // Between the two the question itself was asked once.
    after.set("info", (after.get("info") ?? 0) - 1);
    return new Map([...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const).filter(([, calls]) => calls > 0));
  } finally {
    client.disconnect();
  }
}

async function commandCounts(client: Redis): Promise<Map<string, number>> {
  const text = await client.info("commandstats");
  return new Map([...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = "", calls]) => [name, Number(calls)]));
}

export interface SqliteTraces {
  /** changes with every commit of another connection */
  readonly version: number;
  readonly logBytes: number;
  /** epoch ms, of the log and of the file */
  readonly writtenAt: readonly number[];
}

export interface SqliteObserver {
  look(): SqliteTraces;
  close(): void;
}

/** Looks at a file without writing to it. */
export function observeSqlite(path: string): SqliteObserver {
  const database = new Database(path, { timeout: 5_000 });
  const version = database.prepare("pragma data_version").raw(true);
  return {
    look() {
      const log = statSync(`${path}-wal`);
      const [row] = version.all() as [readonly number[]];
      return { version: Number(row[0]), logBytes: log.size, writtenAt: [log.mtimeMs, statSync(path).mtimeMs] };
    },
    close: () => void database.close(),
  };
}
