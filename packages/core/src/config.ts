/**
 * Core's settings: one table, from which come types, validation, environment names and `docs/reference/settings.md`; its rows lie by subject in
 * `settings/`. Resolved once, frozen, passed down.
 */
import type { CelerySettingName } from "./celery-settings.ts";
import { durationMs } from "./duration.ts";
import { choiceSetting, countSetting, durationSetting, flagSetting, type SettingsOf } from "./setting.ts";
import { beatSettings } from "./settings/beat.ts";
import { brokerSettings } from "./settings/broker.ts";
import { controlSettings } from "./settings/control.ts";
import { eventSettings } from "./settings/event.ts";
import { resultSettings } from "./settings/result.ts";
import { taskSettings } from "./settings/task.ts";
import { workerSettings } from "./settings/worker.ts";
import type { TlsInput } from "./tls.ts";
import type { TransportInput } from "./transport-options.ts";

export const settingTable = {
  ...brokerSettings,
  ...resultSettings,
  ...taskSettings,
  ...workerSettings,
  ...eventSettings,
  ...controlSettings,
  ...beatSettings,
  publishTimeout: durationSetting("10s", "How long delay() tries before it rejects."),
  maxDeliveries: countSetting(5, [1, 1_000], "Runs of one message that may begin without settling before it is dead-lettered."),
  maxMessageBytes: countSetting(
    16_777_216,
    [1_024, 536_870_912],
    "Largest body, in bytes and decompressed, that is sent or run; what a worker gets beyond it goes to the dead letters.",
  ),
  durability: choiceSetting(["full", "process"], "full", "SQLite: full survives power loss, process survives kill -9."),
  publishDurability: choiceSetting(
    ["primary", "replica"],
    "primary",
    "Redis: a task counts as sent when the primary has it, or when a replica has it as well (WAIT).",
  ),
  allowEviction: flagSetting(false, "Redis: start although the server may evict keys."),
} as const;

/** An interface, so that the types of users' own modules can name it. */
export interface Settings extends SettingsOf<typeof settingTable> {}

/** How long results are kept, ms; null = for ever, which 0 is as well, as in Celery. */
export function resultExpiresMs({ resultExpires }: Pick<Settings, "resultExpires">): number | null {
  return resultExpires === null ? null : durationMs(resultExpires, "resultExpires") || null;
}

type Snake<S extends string> = S extends `${infer H}${infer T}`
  ? T extends Uncapitalize<T>
    ? `${Lowercase<H>}${Snake<T>}`
    : `${Lowercase<H>}_${Snake<T>}`
  : S;
type Camel<S extends string> = S extends `${infer H}_${infer T}` ? `${H}${Capitalize<Camel<T>>}` : S;
type UnusedName = Exclude<CelerySettingName, Snake<keyof Settings>>;
/** The files that hold them: see `secret-file.ts`. */
type SecretFile = `${"brokerUrl" | "resultBackend" | "coordinator" | "scheduleStore"}File`;
/** Names of older projects and Django's: what they mean is looked up when the app is made. */
type CapitalName = Uppercase<CelerySettingName> | `CELERY_${string}` | `CELERYD_${string}` | `CELERYBEAT_${string}`;
/** Settings that may be written in more ways than they are kept. */
interface Written {
  readonly brokerUrl: string | readonly string[];
  readonly brokerUseSsl: boolean | TlsInput;
  readonly redisBackendUseSsl: boolean | TlsInput;
  readonly brokerTransportOptions: TransportInput;
  readonly resultBackendTransportOptions: TransportInput;
}
type Value<K extends keyof Settings> = (K extends keyof Written ? Written[K] : Settings[K]) | undefined;
/** Any of the settings, in camelCase or in Celery's snake_case; and Celery's others, which do nothing. */
export type Config = { [K in keyof Settings]?: Value<K> } & {
  [K in keyof Settings as Snake<K>]?: Value<K>;
} & {
  [K in SecretFile | Snake<SecretFile>]?: string | undefined;
} & {
  [K in UnusedName | Camel<UnusedName> | CapitalName]?: unknown;
};
