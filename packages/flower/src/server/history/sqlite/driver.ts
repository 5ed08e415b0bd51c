/** Histories in a file of SQLite, or in the memory of one thread: how a thread opens one, and what becomes of a file that is damaged. */
import { type Clock, type Connection, reasonOf, sqliteFailureOf } from "@celeriac/core/runtime";
import {
  askedOfStore,
  type HistoryDriver,
  type ReadingStore,
  type StoreNews,
  type StoreOptions,
  type StoreReader,
  type StoreWriter,
  type WritingStore,
} from "../store.ts";
import { isDamage, openForReading, openHistoryFile, putAside } from "./history-file.ts";
import { openReader } from "./reader.ts";
import { openWriter } from "./writer.ts";

const reopenMs = 1_000;

export const sqliteHistory: HistoryDriver = {
  openWriting,
  openReading,
  failureOf: (error, { db }) => sqliteFailureOf(error, db ?? "The history in memory"),
};

async function openWriting(options: StoreOptions, clock: Clock, tell: (news: StoreNews) => void): Promise<WritingStore> {
  const { path, inMemory, ...opened } = await open(options, clock);
  const limits = path === null ? lessThan(options.limits) : options.limits;
  let { connection, setAside } = opened;
  const writerOn = (on: Connection) => openWriter({ connection: on, retention: limits, mostWorkers: limits.workers });
  let current = writerOn(connection);
  /** what was set aside has no heir yet */
  let isBroken = false;
  // A file that was damaged is replaced by another.
  const writer: StoreWriter = {
    turnEvents: current.turnEvents,
    write: (events, now) => current.write(events, now),
    amend: (uuid, known, now) => current.amend(uuid, known, now),
    note: (entry) => current.note(entry),
    forgetWorkers: (goneSeconds, now) => current.forgetWorkers(goneSeconds, now),
    prune: (now) => current.prune(now),
  };

  /** Sets the damaged file aside. Never rejects: what cannot be opened is tried again with the next events. */
  async function replace(): Promise<void> {
    if (path === null) return;
    try {
      if (!isBroken) {
        isBroken = true;
        connection.close();
        setAside = putAside(path, clock);
      }
      ({ connection } = await openHistoryFile(path, clock));
      current = writerOn(connection);
      isBroken = false;
      tell({ kind: "damaged", setAside });
    } catch {
      // Writing on what is closed fails, and leads here again.
    }
  }

  return {
    writer,
    reader: path === null ? openReader({ connection, clock, searchBudgetMs: options.searchBudgetMs }) : null,
    trouble: inMemory,
    get setAside() {
      return setAside;
    },
    failed(error) {
      if (path === null || (!isBroken && !isDamage(error, path))) return reasonOf(error);
      void replace();
      return `${path} is damaged and is being replaced: ${reasonOf(error)}`;
    },
    // Each of those who share a file hears for itself.
    follow() {},
    async inspect() {
      if (path === null || isSound(connection)) return tell({ kind: "damaged", setAside: null });
      await replace();
    },
    async close() {
      connection.checkpoint();
      connection.close();
    },
  };
}

/** Beside the thread that writes: a long search holds up nobody but those who ask. */
async function openReading({ db, searchBudgetMs }: StoreOptions, clock: Clock, tell: (news: StoreNews) => void): Promise<ReadingStore> {
  const open = async () => {
    const connection = await openForReading(db!);
    return { connection, reader: openReader({ connection, clock, searchBudgetMs }) };
  };
  let opened = await open();

  async function ask(question: keyof StoreReader, given: readonly unknown[]): Promise<unknown> {
    try {
      return await (opened.reader[question] as (...given: readonly unknown[]) => Promise<unknown>)(...given);
    } catch (error) {
      if (isDamage(error, db!)) tell({ kind: "damaged", setAside: null });
      throw error;
    }
  }

  async function reopen(): Promise<void> {
    try {
      const fresh = await open();
      opened.connection.close();
      opened = fresh;
    } catch {
      // The new file is not there yet.
      clock.after(reopenMs, () => void reopen());
    }
  }

  const questions = [...askedOfStore, "facts"] as const;
  return {
    reader: Object.fromEntries(
      questions.map((question) => [question, (...given: readonly unknown[]) => ask(question, given)]),
    ) as unknown as StoreReader,
    reopen,
    async close() {
      opened.connection.close();
    },
  };
}

/** Why it is in memory, where it should not be, is told and no error: a monitor without history is better than none. */
async function open({ db: path }: StoreOptions, clock: Clock) {
  try {
    return { path, inMemory: null, ...(await openHistoryFile(path, clock)) };
  } catch (error) {
    if (path === null) throw error;
    return { path: null, inMemory: `The history is kept in memory only: ${reasonOf(error)}`, ...(await openHistoryFile(null, clock)) };
  }
}

/** In memory there is room for less. */
function lessThan(limits: StoreOptions["limits"]): StoreOptions["limits"] {
  return { ...limits, tasks: Math.min(limits.tasks, 100_000), bytes: Math.min(limits.bytes, 256 * 1024 ** 2) };
}

function isSound(connection: Connection): boolean {
  try {
    return connection.query("pragma quick_check(1)").all([])[0]?.[0] === "ok";
  } catch {
    return false;
  }
}
