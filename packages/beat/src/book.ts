/** The entries that a leading beat knows: the store's, with their schedules, and the app's own, which it writes there first. */
import {
  type AppRuntime,
  digestOf,
  type EntryDefinition,
  type Logger,
  pagesOf,
  reasonOf,
  type ScheduleStore,
  type StoredEntry,
  scheduleOf,
  type Timing,
} from "@celeriac/core/runtime";

/** An entry with what its definition stands for. */
export type LiveEntry = StoredEntry & Pick<Timing, "schedule">;

export interface BookParts {
  readonly runtime: Pick<AppRuntime, "schedule" | "settings">;
  readonly store: ScheduleStore;
  readonly logger: Logger;
  /** Called for each entry that was added, changed or removed. */
  changed(name: string): void;
}

/** So many between two turns of the event loop, in which the lease is prolonged. */
const fewAtOnce = 1_000;

export class Book {
  readonly #parts: BookParts;
  readonly #entries = new Map<string, LiveEntry>();
  #revision = 0;

  constructor(parts: BookParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): LiveEntry | undefined {
    return this.#entries.get(name);
  }

  /** What has become of an entry in the meantime, before the store tells. */
  note(name: string, change: (entry: LiveEntry) => Partial<StoredEntry>): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#entries.set(name, { ...entry, ...change(entry) });
  }

  /** Reads all of it, and writes what the app's code declares: entries of other sources stay. */
  async open(): Promise<void> {
    const { store, runtime } = this.#parts;
    this.#entries.clear();
    this.#revision = 0;
    const before = await this.#survey();
    const changed: EntryDefinition[] = [];
    for (const { definition } of runtime.schedule.values()) if (before.get(definition.name) !== "same") changed.push(definition);
    if (changed.length > 0) this.#tellRefused(await store.put("code", changed));
    const gone = [...before].filter(([, kind]) => kind === "gone");
    for (const [name] of gone) await store.remove("code", name);
    if (changed.length + gone.length === 0) return;
    for (const [name, kind] of await this.#survey()) {
      // Another one's code has written it meanwhile.
      const entry = kind === "same" ? null : await store.find(name);
      if (entry !== null) this.#take(entry);
    }
  }

  /** Takes what has changed since, but entries of the code that are not as it declares them, or not any more. Gives what it met of the code's. */
  async #survey(): Promise<ReadonlyMap<string, "same" | "another" | "gone">> {
    const { store, runtime } = this.#parts;
    const met = new Map<string, "same" | "another" | "gone">();
    for await (const page of pagesOf(store.survey, this.#revision)) {
      for (const name of page.removed) {
        met.delete(name);
        this.#drop(name);
      }
      await inTurns(page.entries, (entry) => {
        if (entry.definition !== null) return this.#take(entry);
        const declared = runtime.schedule.get(entry.name)?.definition;
        const kind = declared === undefined ? "gone" : digestOf(declared) === entry.digest ? "same" : "another";
        met.set(entry.name, kind);
        if (kind === "same") this.#take({ ...entry, definition: declared! });
      });
      this.#revision = page.revision;
    }
    return met;
  }

  #tellRefused(names: readonly string[]): void {
    for (const name of names)
      this.#parts.logger.warn("an entry was added while another beat ran, and the code declares one of that name: the added one counts", {
        entry: name,
      });
  }

  /** Reads what was changed since. */
  async follow(revision: number): Promise<void> {
    if (revision === this.#revision) return;
    for await (const page of pagesOf(this.#parts.store.read, this.#revision)) {
      for (const name of page.removed) this.#drop(name);
      for (const entry of page.entries) this.#take(entry);
      this.#revision = page.revision;
    }
  }

  #drop(name: string): void {
    if (this.#entries.delete(name)) this.#parts.changed(name);
  }

  #take(entry: StoredEntry): void {
    const { runtime, logger, changed } = this.#parts;
    const { name } = entry.definition;
    this.#entries.delete(name);
    try {
      const schedule = scheduleOf(runtime, entry.definition);
      if (schedule === null) logger.error("the code of an entry's schedule is not loaded here: it is not sent", { entry: name });
      else this.#entries.set(name, { ...entry, schedule });
    } catch (error) {
      logger.error("the schedule of an entry cannot be read here: it is not sent", { entry: name, reason: reasonOf(error) });
    }
    changed(name);
  }
}

async function inTurns<T>(items: Iterable<T>, take: (item: T) => void): Promise<void> {
  let taken = 0;
  for (const item of items) {
    take(item);
    taken++;
    if (taken % fewAtOnce === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
