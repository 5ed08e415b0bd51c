/** Kinds of settings and how a table of them is checked: every package's options are one such table. */
import { type Duration, durationMs } from "./duration.ts";
import { ConfigError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** One row of a table of settings. */
export interface Setting<T> {
  readonly kind: string;
  readonly default: T;
  readonly doc: string;
  /** environment variable that sets it */
  readonly env?: string;
  /** printed as stars; "inside": no text, but something that may hold secrets */
  readonly secret?: boolean | "inside";
  /** The value if it fits, else undefined; texts (from the environment or a flag) are read too. `name` is what errors call it. Throws CONFIG_DURATION. */
  read(value: unknown, name?: string): T | undefined;
}

type Extra = Pick<Setting<unknown>, "env" | "secret">;

export const textSetting = <T extends string | null>(fallback: T, doc: string, extra: Extra = {}): Setting<T | string> => ({
  kind: "text",
  default: fallback,
  doc,
  ...extra,
  read(value) {
    if (value === null && fallback === null) return fallback;
    return typeof value === "string" && value !== "" ? value : undefined;
  },
});

/** One text or several, kept as one with `;` between them, as Celery writes several URLs. */
export const textsSetting = (fallback: string, doc: string, extra: Extra = {}): Setting<string> => ({
  kind: "text, or a list of texts",
  default: fallback,
  doc,
  ...extra,
  read(value) {
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    return texts.length > 0 && texts.every((each) => typeof each === "string" && each !== "") ? texts.join(";") : undefined;
  },
});

/** `nullable`: null is a value of its own though it is not the default. */
export const durationSetting = <T extends Duration | null>(
  fallback: T,
  doc: string,
  { nullable = fallback === null, ...extra }: Extra & { readonly nullable?: boolean } = {},
): Setting<T | Duration> => ({
  kind: "duration",
  default: fallback,
  doc,
  ...extra,
  read(value, name = "value") {
    if (value === null && nullable) return null as T;
    if (typeof value !== "number" && typeof value !== "string") return undefined;
    durationMs(value, name);
    return value as Duration;
  },
});

export const flagSetting = <T extends boolean | null>(fallback: T, doc: string, extra: Extra = {}): Setting<boolean | T> => ({
  kind: "yes or no",
  default: fallback,
  doc,
  ...extra,
  read(value) {
    if (value === null && fallback === null) return fallback;
    if (typeof value === "boolean") return value;
    return value === "true" || value === "1" ? true : value === "false" || value === "0" ? false : undefined;
  },
});

export const countSetting = <T extends number | null>(
  fallback: T,
  range: readonly [number, number],
  doc: string,
  extra: Extra = {},
): Setting<T | number> => ({
  kind: `whole number ${range[0]} to ${range[1]}`,
  default: fallback,
  doc,
  ...extra,
  read(value) {
    if (value === null && fallback === null) return fallback;
    const count = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return typeof count === "number" && Number.isInteger(count) && count >= range[0] && count <= range[1] ? count : undefined;
  },
});

export const choiceSetting = <const C extends readonly string[]>(
  choices: C,
  fallback: C[number],
  doc: string,
  extra: Extra = {},
): Setting<C[number]> => ({
  kind: `one of ${choices.join(", ")}`,
  default: fallback,
  doc,
  ...extra,
  read: (value) => (typeof value === "string" && choices.includes(value) ? value : undefined),
});

export const namesSetting = (fallback: readonly string[], doc: string): Setting<readonly string[]> => ({
  kind: "list of names",
  default: fallback,
  doc,
  read: (value) => (Array.isArray(value) && value.every((item) => typeof item === "string") ? Object.freeze([...value]) : undefined),
});

export type SettingTable = Readonly<Record<string, Setting<unknown>>>;
export type SettingsOf<T extends SettingTable> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never };

/** rate_limit → rateLimit */
export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** rateLimit → rate_limit */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Checks `given`, under either kind of name, against a table; undefined values count as absent.
 * Throws CONFIG_UNKNOWN naming the nearest known setting, CONFIG_INVALID or CONFIG_DURATION naming what was expected.
 */
export function resolveSettings<T extends SettingTable>(table: T, given: Readonly<Record<string, unknown>>): SettingsOf<T> {
  const names = bothNames(table);
  const settings: Record<string, unknown> = Object.fromEntries(Object.entries(table).map(([name, row]) => [name, row.default]));
  for (const [written, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = names.get(written);
    if (name === undefined) throw unknownName("setting", written, [...names.keys()]);
    settings[name] = readSetting(table[name]!, written, value);
  }
  return Object.freeze(settings) as SettingsOf<T>;
}

function bothNames(table: SettingTable): ReadonlyMap<string, string> {
  return new Map(Object.keys(table).flatMap((name) => [[name, name] as const, [snakeCase(name), name] as const]));
}

function readSetting(row: Setting<unknown>, name: string, value: unknown): unknown {
  const read = row.read(value, `Setting ${name}`);
  if (read !== undefined) return read;
  const came = row.secret ? "a value that cannot be used" : shownValue(value);
  throw new ConfigError("CONFIG_INVALID", `Setting ${name}: expected ${row.kind}, got ${came}`);
}

/** Any value in an error message: as JSON where it has that form. Never throws. */
export function shownValue(value: unknown): string {
  try {
    return typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    return `a ${typeof value} that cannot be shown`;
  }
}

/** CONFIG_UNKNOWN with the nearest known name. */
export function unknownName(what: string, name: string, known: readonly string[]): ConfigError {
  const near = nearest(name, known);
  return new ConfigError(
    "CONFIG_UNKNOWN",
    `Unknown ${what} ${JSON.stringify(name)}${near === null ? "" : `: did you mean ${JSON.stringify(near)}?`}`,
  );
}
