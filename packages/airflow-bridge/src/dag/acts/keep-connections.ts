/** Writes connections and variables into the store: those of a file, or one that somebody sets. */
import type { Connection } from "../connections/connection.ts";
import type { Imported } from "../connections/import-file.ts";
import type { DagStore, Tables } from "../store/store.ts";

/** By name. */
export interface Kept {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** they were there, just so */
  readonly same: readonly string[];
  /** they are there, but otherwise, and stay so: `overwrite` was not asked for */
  readonly left: readonly string[];
}

/** All or, when one cannot be written, none. */
export function keepImported(store: DagStore, imported: Imported, overwrite: boolean): Promise<Kept> {
  return store.write(async (tables) => {
    const found: { name: string; outcome: keyof Kept }[] = [];
    const keep = async (name: string, outcome: keyof Kept, put: () => Promise<void>) => {
      const told = outcome === "changed" && !overwrite ? "left" : outcome;
      if (told === "added" || told === "changed") await put();
      found.push({ name, outcome: told });
    };
    if (imported.kind === "connections")
      for (const connection of imported.connections)
        await keep(connection.id, await connectionOutcome(tables, connection), () => tables.connections.put(connection));
    else
      for (const [key, value] of imported.variables)
        await keep(key, outcomeOf(await tables.variables.find(key), value), () => tables.variables.put(key, value));
    const named = (outcome: keyof Kept) => found.filter((each) => each.outcome === outcome).map(({ name }) => name);
    return { added: named("added"), changed: named("changed"), same: named("same"), left: named("left") };
  });
}

async function connectionOutcome({ connections }: Tables, connection: Connection): Promise<keyof Kept> {
  const there = await connections.find(connection.id);
  return outcomeOf(there === null ? null : JSON.stringify(fieldsOf(there)), JSON.stringify(fieldsOf(connection)));
}

function outcomeOf(there: string | null, given: string): "added" | "same" | "changed" {
  if (there === null) return "added";
  return there === given ? "same" : "changed";
}

function fieldsOf({ id, type, host, login, password, port, schema, extra }: Connection): readonly unknown[] {
  return [id, type, host, login, password, port, schema, extra];
}
