/** The entries that a leading beat knows: the store's, with their schedules, and the app's own, which it writes there first. */
import {
  type AppRuntime,
  type EntryDefinition,
  type Logger,
  reasonOf,
  type ScheduleStore,
  type StoredEntry,
  scheduleOf,
  type Timing,
} from "@celeriac/core/runtime";
import { isSameJson } from "./same-json.ts";

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
    const { store } = this.#parts;
    const before = await store.read(0);
    const stored = new Map<string, StoredEntry>();
    for (const entry of before.entries) stored.set(entry.definition.name, entry);
    const hasWritten = await this.#declare(stored);
    const now = hasWritten ? await store.read(before.revision) : before;
    for (const name of now.removed) stored.delete(name);
    if (hasWritten) for (const entry of now.entries) stored.set(entry.definition.name, entry);
    this.#entries.clear();
    this.#revision = now.revision;
    await inTurns(stored.values(), (entry) => this.#take(entry));
  }

  /** Gives whether there was anything to write. What is stored as the code declares it is in memory already, and shared. */
  async #declare(stored: Map<string, StoredEntry>): Promise<boolean> {
    const { store, runtime, logger } = this.#parts;
    const changed: EntryDefinition[] = [];
    await inTurns(runtime.schedule.values(), ({ definition }) => {
      const entry = stored.get(definition.name);
      if (entry?.source === "code" && isSameJson(entry.definition, definition)) stored.set(definition.name, { ...entry, definition });
      else changed.push(definition);
    });
    const gone: string[] = [];
    for (const [name, { source }] of stored) if (source === "code" && !runtime.schedule.has(name)) gone.push(name);
    for (const name of await store.put("code", changed))
      logger.warn("an entry was added while another beat ran, and the code declares one of that name: the added one counts", {
        entry: name,
      });
    for (const name of gone) await store.remove("code", name);
    return changed.length + gone.length > 0;
  }

  /** Reads what was changed since. */
  async follow(revision: number): Promise<void> {
    if (revision === this.#revision) return;
    const reading = await this.#parts.store.read(this.#revision);
    this.#revision = reading.revision;
    for (const entry of reading.entries) this.#take(entry);
    for (const name of reading.removed) {
      this.#entries.delete(name);
      this.#parts.changed(name);
    }
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
