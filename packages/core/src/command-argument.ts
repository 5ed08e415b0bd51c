/** Arguments of a command of remote control: what they may be, and how they are read from a message or from the words of a command line. */
import { CeleriacError } from "./errors.ts";
import { shownValue } from "./setting.ts";

const flags = { yes: new Set<unknown>([true, "true", 1]), no: new Set<unknown>([false, "false", 0]) };

/** What an argument may be, and how it is read from a word of a command line. */
const kinds = {
  text: { expected: "a text", read: (value: unknown) => (typeof value === "string" ? value : undefined) },
  /** one, or a list */
  texts: {
    expected: "a text or a list of texts",
    read(value: unknown): readonly string[] | undefined {
      const all = Array.isArray(value) ? value : [value];
      return all.every((each) => typeof each === "string") ? all : undefined;
    },
  },
  whole: { expected: "a whole number", read: (value: unknown) => (Number.isSafeInteger(numberOf(value)) ? numberOf(value) : undefined) },
  number: { expected: "a number", read: (value: unknown) => (Number.isFinite(numberOf(value)) ? numberOf(value) : undefined) },
  /** 1 and 0 as well: Flower sends what Python's strtobool gives. */
  flag: {
    expected: "true or false",
    read: (value: unknown) => (flags.yes.has(value) ? true : flags.no.has(value) ? false : undefined),
  },
  textOrNumber: {
    expected: "a text or a number",
    read: (value: unknown) => (typeof value === "string" || typeof value === "number" ? value : undefined),
  },
  /** a list, or an object that has them as its keys */
  names: {
    expected: "a list of texts, or an object",
    read(value: unknown): readonly string[] | undefined {
      const all: readonly unknown[] = Array.isArray(value) ? value : isRecord(value) ? Object.keys(value) : [undefined];
      return all.every((each) => typeof each === "string") ? all : undefined;
    },
  },
  /** name → a value or a list of values; of a command line as name=value */
  stamps: {
    expected: "an object, or texts such as name=value",
    read(value: unknown): Readonly<Record<string, unknown>> | undefined {
      if (isRecord(value)) return value;
      const pairs = (Array.isArray(value) ? value : [value]).map((each) =>
        typeof each === "string" ? /^([^=]+)=(.*)$/s.exec(each) : null,
      );
      return pairs.every((pair) => pair !== null) ? valuesByName(pairs.map(([, name, given]) => [name!, given!])) : undefined;
    },
  },
  record: {
    expected: "an object",
    read: (value: unknown): Readonly<Record<string, unknown>> | undefined => (isRecord(value) ? value : undefined),
  },
} as const;

export type ArgumentKind = keyof typeof kinds;

export interface ArgumentRow {
  readonly kind: ArgumentKind;
  readonly doc: string;
  readonly required?: true;
}

type ValueOf<R extends ArgumentRow> = Exclude<ReturnType<(typeof kinds)[R["kind"]]["read"]>, undefined>;
/** What is read of arguments; what was not given is null. */
export type ArgumentValues<T extends Readonly<Record<string, ArgumentRow>>> = {
  readonly [K in keyof T]: T[K] extends { readonly required: true } ? ValueOf<T[K]> : ValueOf<T[K]> | null;
};

/** Arguments as they came, checked; unknown ones are passed over, since a newer version may send them. Throws CONTROL_ARGUMENTS. */
export function readRemoteArguments(
  command: string,
  rows: Readonly<Record<string, ArgumentRow>>,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(rows).map(([name, { kind, required }]) => {
      const value = given[name] ?? null;
      if (value === null && required !== true) return [name, null];
      const read = value === null ? undefined : kinds[kind].read(value);
      if (read !== undefined) return [name, read];
      const came = value === null ? "it was not given" : `got ${shownValue(value)}`;
      throw new CeleriacError("CONTROL_ARGUMENTS", `${command}: ${name} is ${kinds[kind].expected}, ${came}`);
    }),
  );
}

/** A name that comes several times has a list. */
function valuesByName(pairs: readonly (readonly [name: string, value: string])[]): Readonly<Record<string, string | readonly string[]>> {
  const all = new Map<string, string[]>();
  for (const [name, value] of pairs) all.set(name, [...(all.get(name) ?? []), value]);
  return Object.fromEntries([...all].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number {
  if (typeof value === "string") return value.trim() === "" ? Number.NaN : Number(value);
  return typeof value === "number" ? value : Number.NaN;
}
