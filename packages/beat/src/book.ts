/** The entries that a leading beat knows: the store's, with their schedules, and the app's own, which it writes there first. */
import {
  type AppRuntime,
  digestOf,
  type EntryDefinition,
  type EntryState,
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

  /**
   * Reads all of it, and writes what the app's code declares: entries of other sources stay. Each is told when it is known. "lost": another leads, with
   * what its code declares.
   */
  async open(token: number): Promise<"read" | "lost"> {
    const { store, runtime } = this.#parts;
    this.#entries.clear();
    this.#revision = 0;
    const differing = await this.#survey();
    const changed: EntryDefinition[] = [];
    for (const { definition } of runtime.schedule.values())
      if (this.#entries.get(definition.name)?.definition !== definition) changed.push(definition);
    for (let from = 0; from < changed.length; from += fewAtOnce) {
      const refused = await store.put("code", changed.slice(from, from + fewAtOnce), token);
      if (refused === "lost") return "lost";
      this.#tellRefused(refused);
      // Written by another one's code meanwhile.
      for (const name of await this.#survey()) await this.reread(name);
    }
    for (const name of differing) if (!runtime.schedule.has(name)) await store.remove("code", name, token);
    return "read";
  }

  /** One of them, as it is now. */
  async reread(name: string): Promise<void> {
    const entry = await this.#parts.store.find(name);
    if (entry !== null) this.#take(entry, entry.definition);
  }

  /** Takes what has changed since. Gives which entries of the code it did not: those that are not as it declares them, or not any more. */
  async #survey(): Promise<ReadonlySet<string>> {
    const { store, runtime } = this.#parts;
    const differing = new Set<string>();
    for await (const page of pagesOf(store.survey, this.#revision)) {
      for (const name of page.removed) this.#drop(name);
      await inTurns(page.entries, (entry) => {
        if (entry.definition !== null) return this.#take(entry, entry.definition);
        const declared = runtime.schedule.get(entry.name)?.definition;
        if (declared !== undefined && digestOf(declared) === entry.digest) return this.#take(entry, declared);
        differing.add(entry.name);
        this.#drop(entry.name);
      });
      this.#revision = page.revision;
    }
    return differing;
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
      for (const entry of page.entries) this.#take(entry, entry.definition);
      this.#revision = page.revision;
    }
  }

  #drop(name: string): void {
    if (this.#entries.delete(name)) this.#parts.changed(name);
  }

  #take(state: EntryState, definition: EntryDefinition): void {
    const { name } = definition;
    const schedule = this.#scheduleOf(definition);
    if (schedule === null) this.#entries.delete(name);
    else this.#entries.set(name, { ...state, definition, schedule });
    this.#parts.changed(name);
  }

  /** null: it cannot be known here, and the log says why. */
  #scheduleOf(definition: EntryDefinition): LiveEntry["schedule"] | null {
    const { runtime, logger } = this.#parts;
    const { name } = definition;
    try {
      const schedule = scheduleOf(runtime, definition);
      if (schedule === null) logger.error("the code of an entry's schedule is not loaded here: it is not sent", { entry: name });
      return schedule;
    } catch (error) {
      logger.error("the schedule of an entry cannot be read here: it is not sent", { entry: name, reason: reasonOf(error) });
      return null;
    }
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
