/**
 * The contract of a schedule store: which entries there are, when each was last due, who leads, and what is about to be sent. Drivers live in
 * `schedule-stores/`; every one passes `test/conformance/schedule-store-suite.ts`. A store keeps the entries of one app.
 */
import type { DigestedEntry, EntryDefinition, EntrySource, StoredEntry } from "./stored-entry.ts";

/** A due time that is to be sent, or was: its task id is derived from entry and due time, so that whoever sends it again sends the same task. */
export interface Tick {
  readonly name: string;
  /** epoch ms */
  readonly dueAt: number;
  readonly taskId: string;
}

export interface Pulse {
  /** Grows with every new leader; null while another leads. */
  readonly token: number | null;
  /** The store's clock, epoch ms. */
  readonly now: number;
  /** Changes with every change of an entry that was not a stamp's. */
  readonly revision: number;
}

/** Some of what has changed, in the order of the changes. */
export interface Page<E> {
  /** Up to which it tells. */
  readonly revision: number;
  /** false: there may be more since `revision` */
  readonly isLast: boolean;
  readonly entries: readonly E[];
  /** names of entries that are gone; what went before somebody began to lead is not told */
  readonly removed: readonly string[];
}

/** All pages since a revision, one in each turn of the event loop; each is asked for while the one before is looked at. */
export async function* pagesOf<E>(ask: (since: number) => Promise<Page<E>>, since: number): AsyncGenerator<Page<E>> {
  let asked = ask(since);
  for (let isLast = false; !isLast; ) {
    const page = await asked;
    ({ isLast } = page);
    if (!isLast) {
      asked = ask(page.revision);
      // Told where it is awaited, if it is.
      asked.catch(() => {});
    }
    yield page;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** A file that processes of one machine alone can reach. */
export interface LocalFile {
  /** for people */
  readonly path: string;
  /** what tells it from every other, those of other machines as well */
  readonly identity: string;
}

/** All of it is atomic, but for what many entries are read and put with; what is said to have been written is durable as far as the server's settings make it so. */
export interface ScheduleStore {
  /** The file it is; null: whoever names it reaches the same one. */
  local(): Promise<LocalFile | null>;
  /** Takes the lead if nobody has it, or prolongs it for the same `holder`. `ttlMs` after the last call another may take it. Throws BEAT_STORE_NOT_SHARED where it is a file and a process of another machine has the lead. */
  lead(holder: string, ttlMs: number): Promise<Pulse>;
  /** Gives the lead back, if it is `holder`'s. */
  resign(holder: string): Promise<void>;
  /** What has changed since that revision, a page of it; all of it since 0. An entry that changes meanwhile is in a later page once more. */
  read(since: number): Promise<Page<StoredEntry>>;
  /** The same for who has the code: of its entries no more than the digest of what is stored. */
  survey(since: number): Promise<Page<StoredEntry | DigestedEntry>>;
  /** null: there is none. */
  find(name: string): Promise<StoredEntry | null>;
  /**
   * Adds and replaces entries of that source; what an entry had run stays, and where its timing changes it is due from now on.
   * Gives the names that it left alone, because an entry of the other source has them. `token`: of a leader, for what it writes as one; "lost":
   * another leads, and what was not written by then is not.
   */
  put(source: EntrySource, definitions: readonly EntryDefinition[], token?: number): Promise<readonly string[] | "lost">;
  /** Removes an entry with all that is known of it; gives whether it was there. `token`: as above, and it stays where another leads. */
  remove(source: EntrySource, name: string, token?: number): Promise<boolean>;
  /** What goes on is due from now on. Gives whether there is such an entry. */
  setPaused(name: string, paused: boolean): Promise<boolean>;
  /**
   * Before anything is sent: writes down what is going to be, and up to when each of `passed` is decided. "lost": another leads, and
   * nothing was written.
   */
  stamp(token: number, ticks: readonly Tick[], passed: readonly Pick<Tick, "name" | "dueAt">[]): Promise<"stamped" | "lost">;
  /** After the broker has it: the stamp goes, the run counts, once. */
  confirm(taskIds: readonly string[], sentAt: number): Promise<void>;
  /** Takes stamps back: nothing was sent, and nothing will be. */
  withdraw(taskIds: readonly string[]): Promise<void>;
  /** What was stamped and neither confirmed nor withdrawn. */
  stamped(): Promise<readonly Tick[]>;
  /** Safe to call twice. */
  close(): Promise<void>;
}
