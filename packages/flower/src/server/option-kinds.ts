/** Kinds of values that Flower's options have and no other of our tables: they are read as Flower reads them. */
import { type Setting, snakeCase } from "@celeriac/core/runtime";

type Extra = Pick<Setting<unknown>, "secret">;

const truths = new Set(["y", "yes", "t", "true", "on", "1"]);
const untruths = new Set(["n", "no", "f", "false", "off", "0"]);

/** What Python's `strtobool` takes, in any case; undefined: neither yes nor no. */
export function readBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  return truths.has(word) ? true : untruths.has(word) ? false : undefined;
}

export const yesOrNo = <T extends boolean | null>(fallback: T, doc: string): Setting<boolean | T> => ({
  kind: "yes or no",
  default: fallback,
  doc,
  read(value) {
    if (value === null && fallback === null) return fallback;
    return typeof value === "boolean" ? value : typeof value === "string" ? readBoolean(value) : undefined;
  },
});

/** An empty text is none, as in Flower. */
export const textOrNone = (doc: string, extra: Extra = {}): Setting<string | null> => ({
  kind: "text",
  default: null,
  doc,
  ...extra,
  read: (value) => (value === null || value === "" ? null : typeof value === "string" ? value : undefined),
});

/** With commas between them where they are one text. */
export const texts = (fallback: readonly string[], doc: string, extra: Extra = {}): Setting<readonly string[]> => ({
  kind: "texts, with commas between",
  default: fallback,
  doc,
  ...extra,
  read(value) {
    const given: readonly unknown[] =
      value === null ? [] : Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : [value];
    if (!given.every((each) => typeof each === "string")) return undefined;
    return Object.freeze(given.map((each) => (each as string).trim()).filter((each) => each !== ""));
  },
});

/** Upper bounds, rising; the last may be `inf`, which is there anyway. */
export const bounds = (fallback: readonly number[], doc: string): Setting<readonly number[]> => ({
  kind: "rising numbers, with commas between",
  default: fallback,
  doc,
  read(value) {
    const given: readonly unknown[] = Array.isArray(value) ? value : String(value).split(",");
    const numbers = given.map((each) => numberOf(each)).filter((each) => each !== Number.POSITIVE_INFINITY);
    const isRising = numbers.every((each, at) => !Number.isNaN(each) && (at === 0 || each > numbers[at - 1]!));
    return isRising && numbers.length > 0 ? Object.freeze(numbers) : undefined;
  },
});

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  const text = String(value).trim();
  if (/^\+?inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  return text === "" ? Number.NaN : Number(text);
}

/** "/flower/" → "flower" */
export const pathPrefix = (doc: string): Setting<string> => ({
  kind: "path",
  default: "",
  doc,
  read(value) {
    if (value === null) return "";
    if (typeof value !== "string") return undefined;
    const path = value.replace(/^\/+|\/+$/g, "");
    return /^[\w.~/-]*$/.test(path) ? path : undefined;
  },
});

export const callable = <F extends (...args: never[]) => unknown>(doc: string): Setting<F | null> => ({
  kind: "function, in a file alone",
  default: null,
  doc,
  read: (value) => (value === null ? null : typeof value === "function" ? (value as F) : undefined),
});

/** Says of each row which variable sets it: maxTasks → FLOWER_MAX_TASKS. */
export function inEnvironment<T extends Readonly<Record<string, Setting<unknown>>>>(table: T): T {
  return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, { ...row, env: variableOf(name) }])) as unknown as T;
}

export function variableOf(name: string): string {
  return `FLOWER_${snakeCase(name).toUpperCase()}`;
}
