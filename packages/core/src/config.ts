/** Core's settings: one table, from which come types, validation, environment names and `docs/reference/settings.md`. Resolved once, frozen, passed down. */
import { type Duration, durationMs } from "./duration.ts";
import { ConfigError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** One row of a table of settings. */
export interface Setting<T> {
  readonly kind: string;
  readonly default: T;
  readonly doc: string;
  /** environment variable that sets it; `NAME_FILE` names a file that holds the value */
  readonly env?: string;
  /** printed as stars */
  readonly secret?: boolean;
  /** the value if it fits, else undefined; texts (from the environment or a flag) are read too */
  read(value: unknown): T | undefined;
}

type Extra = Pick<Setting<unknown>, "env" | "secret">;

const textSetting = <T extends string | null>(fallback: T, doc: string, extra: Extra = {}): Setting<T | string> => ({
  kind: "text",
  default: fallback,
  doc,
  ...extra,
  read: (value) => (typeof value === "string" && value !== "" ? value : undefined),
});

const durationSetting = (fallback: Duration | null, doc: string, extra: Extra = {}): Setting<Duration | null> => ({
  kind: "duration",
  default: fallback,
  doc,
  ...extra,
  read(value) {
    if (value === null) return fallback === null ? null : undefined;
    if (typeof value !== "number" && typeof value !== "string") return undefined;
    durationMs(value, "value");
    return value as Duration;
  },
});

const flagSetting = (fallback: boolean, doc: string, extra: Extra = {}): Setting<boolean> => ({
  kind: "yes or no",
  default: fallback,
  doc,
  ...extra,
  read: (value) =>
    typeof value === "boolean" ? value : value === "true" || value === "1" ? true : value === "false" || value === "0" ? false : undefined,
});

const countSetting = <T extends number | null>(
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

const choiceSetting = <const C extends readonly string[]>(
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

const namesSetting = (fallback: readonly string[], doc: string): Setting<readonly string[]> => ({
  kind: "list of names",
  default: fallback,
  doc,
  read: (value) => (Array.isArray(value) && value.every((item) => typeof item === "string") ? Object.freeze([...value]) : undefined),
});

type Routes = Readonly<Record<string, { readonly queue: string }>>;
const routesSetting = (doc: string): Setting<Routes> => ({
  kind: "task name or glob → {queue}",
  default: Object.freeze({}),
  doc,
  read(value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const fits = Object.values(value).every((route) => typeof route?.queue === "string" && route.queue !== "");
    return fits ? Object.freeze({ ...value }) : undefined;
  },
});

export type Priority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
const prioritySetting = (doc: string): Setting<Priority | null> => ({
  ...(countSetting(null, [0, 9], doc) as Setting<Priority | null>),
});

export const settingTable = {
  brokerUrl: textSetting("sqlite://./celeriac.db", "Where tasks wait: amqp://, redis:// or sqlite://.", {
    env: "CELERY_BROKER_URL",
    secret: true,
  }),
  resultBackend: textSetting(
    null,
    "Where results are kept: redis://, rpc://, sqlite:// or disabled. Unset: the broker's own file on SQLite and the broker's own server on Redis, rpc:// on RabbitMQ.",
    { env: "CELERY_RESULT_BACKEND", secret: true },
  ),
  resultExpires: durationSetting("1d", "How long a result is kept; null keeps it for ever."),
  resultExtended: flagSetting(false, "Write name, arguments, worker and queue into each result, as Celery does."),
  coordinator: textSetting(null, "Server of leases and reservations where the broker has none: redis:// or sqlite://.", {
    env: "CELERIAC_COORDINATOR",
    secret: true,
  }),
  taskDefaultQueue: textSetting("celery", "Queue of tasks that nothing else routes."),
  taskDefaultPriority: prioritySetting(
    "Priority of tasks that name none: 0 to 9, higher is sooner; null leaves it unset, which is first on Redis and last elsewhere, as in Celery.",
  ),
  taskRoutes: routesSetting("Queue by task name; `*` stands for any characters, an exact name comes first."),
  taskSerializer: choiceSetting(["json"], "json", "How arguments are written."),
  acceptContent: namesSetting(["json"], "Content types a worker reads; pickle is refused always."),
  taskAcksLate: flagSetting(
    true,
    "Acknowledge after the outcome is stored (at least once); false acknowledges before the task runs (at most once).",
  ),
  taskTrackStarted: flagSetting(false, "Store STARTED when a task begins."),
  taskIgnoreResult: flagSetting(false, "Store no result unless the task or the call asks for it."),
  taskTimeLimit: durationSetting(null, "Hard limit of a run: its executor is ended."),
  taskSoftTimeLimit: durationSetting(null, "Soft limit of a run: its signal aborts."),
  publishTimeout: durationSetting("10s", "How long delay() tries before it rejects."),
  maxDeliveries: countSetting(5, [1, 1_000], "Runs of one message that may begin without settling before it is dead-lettered."),
  maxMessageBytes: countSetting(16_777_216, [1_024, 536_870_912], "Largest message, in bytes, that is sent."),
  durability: choiceSetting(["full", "process"], "full", "SQLite: full survives power loss, process survives kill -9."),
  allowEviction: flagSetting(false, "Redis: start although the server may evict keys."),
} as const;

export type SettingTable = Readonly<Record<string, Setting<unknown>>>;
export type SettingsOf<T extends SettingTable> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never };
export type Settings = SettingsOf<typeof settingTable>;

type Snake<S extends string> = S extends `${infer H}${infer T}`
  ? T extends Uncapitalize<T>
    ? `${Lowercase<H>}${Snake<T>}`
    : `${Lowercase<H>}_${Snake<T>}`
  : S;
/** Any of the settings, in camelCase or in Celery's snake_case. */
export type Config = { [K in keyof Settings]?: Settings[K] | undefined } & { [K in keyof Settings as Snake<K>]?: Settings[K] | undefined };

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Checks `given` against a table; undefined values count as absent. Later sources win over defaults only.
 * Throws CONFIG_UNKNOWN naming the nearest known setting, CONFIG_INVALID naming what was expected.
 */
export function resolveSettings<T extends SettingTable>(table: T, given: Readonly<Record<string, unknown>>): SettingsOf<T> {
  const names = new Map(Object.keys(table).flatMap((name) => [[name, name] as const, [snakeCase(name), name] as const]));
  const settings: Record<string, unknown> = Object.fromEntries(Object.entries(table).map(([name, row]) => [name, row.default]));
  for (const [written, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = names.get(written);
    if (name === undefined) throw unknownName("setting", written, [...names.keys()]);
    settings[name] = readSetting(table[name]!, written, value);
  }
  return Object.freeze(settings) as SettingsOf<T>;
}

function readSetting(row: Setting<unknown>, name: string, value: unknown): unknown {
  const read = row.read(value);
  if (read !== undefined) return read;
  const came = row.secret === true ? "a value that cannot be used" : JSON.stringify(value);
  throw new ConfigError("CONFIG_INVALID", `Setting ${name}: expected ${row.kind}, got ${came}`);
}

/** CONFIG_UNKNOWN with the nearest known name. */
export function unknownName(what: string, name: string, known: readonly string[]): ConfigError {
  const near = nearest(name, known);
  return new ConfigError(
    "CONFIG_UNKNOWN",
    `Unknown ${what} ${JSON.stringify(name)}${near === null ? "" : `: did you mean ${JSON.stringify(near)}?`}`,
  );
}
