/** The schedules of one memory:// space: what the driver in `schedule-stores/memory.ts` reads and writes. */
import type { Tick } from "../schedule-store.ts";
import type { StoredEntry, WrittenDefinition } from "../stored-entry.ts";

export interface KeptEntry {
  readonly revision: number;
  readonly entry: StoredEntry;
  readonly written: WrittenDefinition;
}

/** Those of one app. */
export class Entries {
  revision = 0;
  token = 0;
  leader: { readonly holder: string; readonly token: number; readonly until: number } | null = null;
  readonly kept = new Map<string, KeptEntry>();
  /** name → the revision in which it went */
  readonly removed = new Map<string, number>();
  readonly stamps = new Map<string, Tick>();

  /** `token`: of who leads, or did. */
  mayWrite(token: number | undefined): boolean {
    return token === undefined || this.leader?.token === token;
  }

  /** Another revision, in which this entry is as it is now. */
  keep(entry: StoredEntry, written: WrittenDefinition): void {
    this.revision += 1;
    this.removed.delete(written.name);
    this.kept.set(written.name, { revision: this.revision, entry, written });
  }

  /** The same revision: only what it ran has changed. */
  note(name: string, change: Partial<StoredEntry>): void {
    const found = this.kept.get(name);
    if (found !== undefined) this.kept.set(name, { ...found, entry: { ...found.entry, ...change } });
  }

  drop(name: string): void {
    this.revision += 1;
    this.kept.delete(name);
    this.removed.set(name, this.revision);
  }
}
