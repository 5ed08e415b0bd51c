/** What `airflow connections export` and `airflow variables export` write, as JSON or `.env`, read into connections or variables. */
import { CeleriacError, isRecord } from "@celeriac/core/runtime";
import type { Connection } from "./connection.ts";
import { readConnectionFields } from "./connection-fields.ts";
import { readJson } from "./json-text.ts";
import { readConnection } from "./read-connection.ts";

export type Imported =
  | { readonly kind: "connections"; readonly connections: readonly Connection[] }
  | { readonly kind: "variables"; readonly variables: ReadonlyMap<string, string> };

/** Name and value of each, in the order of the file; `place` tells where it stands. */
interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly place: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * `name`: of the file, whose ending says its form: `.env`, else JSON. `as`: what it has; auto: what it looks like. Throws DAG_IMPORT and
 * DAG_CONNECTION_INVALID with the place, and nothing of the values.
 */
export function readImport(name: string, text: string, as: Imported["kind"] | "auto"): Imported {
  const isEnv = name.toLowerCase().endsWith(".env");
  const entries = isEnv ? envEntries(name, text) : jsonEntries(name, text);
  const misnamed = entries.find((each) => !isKeptName(each.name));
  if (misnamed !== undefined)
    throw new CeleriacError("DAG_IMPORT", `${misnamed.place}: a name has 1 to 250 letters, digits, points, _ and -`);
  const kind = as !== "auto" ? as : isEnv ? "connections" : kindOf(name, entries);
  switch (kind) {
    case "connections":
      return { kind: "connections", connections: entries.map(connectionIn) };
    case "variables":
      return { kind: "variables", variables: new Map(entries.map(({ name: key, value }) => [key, variableText(value)])) };
  }
}

/** Whether Airflow would call a connection or a variable so. */
export function isKeptName(name: string): boolean {
  return /^[\p{L}\p{N}_.-]{1,250}$/u.test(name);
}

function jsonEntries(file: string, text: string): readonly Entry[] {
  const read = readJson(text);
  if (read.kind === "broken") throw new CeleriacError("DAG_IMPORT", `${file} is no JSON: look at line ${read.line}, column ${read.column}`);
  if (!isRecord(read.value)) throw new CeleriacError("DAG_IMPORT", `${file}: expected an object, whose keys are the names`);
  return Object.entries(read.value as Fields).map(([name, value]) => ({ name, value, place: `${file}, ${name}` }));
}

function envEntries(file: string, text: string): readonly Entry[] {
  const seen = new Set<string>();
  return text.split(/\r?\n/).flatMap((line, at) => {
    if (line.trim() === "" || line.trimStart().startsWith("#")) return [];
    const place = `${file}, line ${at + 1}`;
    const [, name, value] = /^([^=]+)=(.+)$/.exec(line) ?? [];
    if (name === undefined) throw new CeleriacError("DAG_IMPORT", `${place}: expected NAME=VALUE`);
    if (seen.has(name)) throw new CeleriacError("DAG_IMPORT", `${place}: ${name} is there twice`);
    seen.add(name);
    return [{ name, value, place }];
  });
}

/** An exported connection has a type; a variable may be anything else. */
function kindOf(file: string, entries: readonly Entry[]): Imported["kind"] {
  const typed = entries.filter(({ value }) => isRecord(value) && "conn_type" in (value as Fields));
  if (typed.length === 0) return "variables";
  if (typed.length === entries.length) return "connections";
  throw new CeleriacError("DAG_IMPORT", `${file}: some of it has a conn_type, and some has none: say with --as what it is`);
}

function connectionIn({ name, value, place }: Entry): Connection {
  if (typeof value === "string") return readConnection(name, value, place);
  const read = isRecord(value) ? readConnectionFields(name, value as Fields) : "it is neither a URI nor an object";
  if (typeof read === "string") throw new CeleriacError("DAG_CONNECTION_INVALID", `${place} cannot be read as a connection: ${read}`);
  return read;
}

/** As Airflow keeps it: a text as it is, all else as JSON; one with a description is an object that has its `value`. */
function variableText(given: unknown): string {
  const value = isRecord(given) && "value" in (given as Fields) ? (given as Fields)["value"] : given;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
