/** What a route of the API takes beside its path, as a table: read from a query or from a JSON body, told in the OpenAPI document. */
import { nearest } from "@celeriac/core/runtime";
import { Refusal } from "../../access.ts";

interface Kinds {
  readonly text: string;
  readonly number: number;
  readonly whole: number;
  readonly flag: boolean;
  /** a list, or an object, of JSON */
  readonly json: unknown;
}

export interface Parameter {
  readonly kind: keyof Kinds;
  readonly doc: string;
  readonly isRequired?: true;
  /** of numbers, both included */
  readonly range?: readonly [number, number];
  readonly choices?: readonly string[];
}

export type ParameterTable = Readonly<Record<string, Parameter>>;
export type ValuesOf<T extends ParameterTable> = {
  readonly [N in keyof T]: T[N] extends { readonly isRequired: true } ? Kinds[T[N]["kind"]] : Kinds[T[N]["kind"]] | null;
};

/** Throws Refusal 400 that names what was expected and what came. */
export function readParameters<T extends ParameterTable>(table: T, given: Readonly<Record<string, unknown>>): ValuesOf<T> {
  for (const name of Object.keys(given)) if (!Object.hasOwn(table, name)) throw unknown(name, Object.keys(table));
  return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, read(name, row, given[name])])) as ValuesOf<T>;
}

function unknown(name: string, known: readonly string[]): Refusal {
  const near = nearest(name, known);
  return new Refusal(400, `Unknown argument ${JSON.stringify(name)}${near === null ? "" : `: did you mean ${JSON.stringify(near)}?`}`);
}

function read(name: string, row: Parameter, given: unknown): unknown {
  // Of what stands twice in a query the last one counts.
  const value = Array.isArray(given) && row.kind !== "json" ? given.at(-1) : given;
  if (value === undefined || value === null || (value === "" && row.kind !== "text")) {
    if (row.isRequired === true) throw new Refusal(400, `Missing argument ${name}: expected ${expected(row)}`);
    return null;
  }
  const found = readKind(row.kind, value);
  const [least, most] = row.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const isFit = typeof found !== "number" || (found >= least && found <= most);
  const isChosen = row.choices === undefined || row.choices.includes(String(found));
  if (found === undefined || !isFit || !isChosen)
    throw new Refusal(400, `Argument ${name}: expected ${expected(row)}, got ${JSON.stringify(value)}`);
  return found;
}

function readKind(kind: keyof Kinds, value: unknown): unknown {
  switch (kind) {
    case "text":
      return typeof value === "string" ? value : undefined;
    case "number":
    case "whole": {
      const number = typeof value === "string" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isFinite(number)) return undefined;
      return kind === "number" || Number.isSafeInteger(number) ? number : undefined;
    }
    case "flag":
      return typeof value === "boolean"
        ? value
        : value === "1" || value === "true"
          ? true
          : value === "0" || value === "false"
            ? false
            : undefined;
    case "json":
      return typeof value === "object" ? value : undefined;
    default:
      return kind satisfies never;
  }
}

const kindNames: Readonly<Record<keyof Kinds, string>> = {
  text: "a text",
  number: "a number",
  whole: "a whole number",
  flag: "true or false",
  json: "a list or an object",
};

function expected({ kind, range, choices }: Parameter): string {
  if (choices !== undefined) return `one of ${choices.join(", ")}`;
  return range === undefined ? kindNames[kind] : `${kindNames[kind]} from ${range[0]} to ${range[1]}`;
}
