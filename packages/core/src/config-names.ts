/** Which setting a written name means: ours and Celery's, in camelCase, snake_case and the capitals of older projects. Stands between what an app is given and the table of settings. */

import { isDeepStrictEqual } from "node:util";
import { celerySettings, formerNames } from "./celery-settings.ts";
import { settingTable } from "./config.ts";
import { fileNames } from "./secret-file.ts";
import { snakeCase, unknownName } from "./setting.ts";
import { unusedTransportOptions } from "./transport-options.ts";

/** A setting of Celery's that was given and does nothing. */
export interface UnusedSetting {
  /** as it was written */
  readonly setting: string;
  readonly reason: string;
}

export interface NamedConfig {
  /** by our names, without what is undefined */
  readonly own: Record<string, unknown>;
  readonly unused: readonly UnusedSetting[];
}

/** Throws CONFIG_UNKNOWN, with the nearest name, for what neither Celery nor we know. Of values only the names of transport options are looked at. */
export function nameConfig(given: Readonly<Record<string, unknown>>): NamedConfig {
  const own: Record<string, unknown> = {};
  const unused: UnusedSetting[] = [];
  for (const [written, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = lowerName(written);
    const ownName = ownNames.get(name);
    if (ownName !== undefined) {
      own[ownName] = value;
      if (ownName === "brokerTransportOptions") unused.push(...unusedTransportOptions(written, value, "broker"));
      if (ownName === "resultBackendTransportOptions") unused.push(...unusedTransportOptions(written, value, "results"));
      continue;
    }
    const row = celeryRow(name);
    if (row?.kind !== "unused") throw unknownName("setting", written, knownNames(written));
    if (!row.agrees.some((same) => isDeepStrictEqual(same, value))) unused.push({ setting: written, reason: row.why });
  }
  return { own, unused };
}

/** snake_case of ours → camelCase; the files of secrets count as settings. */
const ownNames: ReadonlyMap<string, string> = new Map(
  [...Object.keys(settingTable), ...fileNames(settingTable).values()].map((name) => [snakeCase(name), name]),
);

function celeryRow(name: string) {
  return Object.hasOwn(celerySettings, name) ? celerySettings[name as keyof typeof celerySettings] : undefined;
}

function isKnown(name: string): boolean {
  return ownNames.has(name) || celeryRow(name) !== undefined;
}

/** The name in snake_case that Celery has today; one that nobody knows comes back as some name that nobody knows. */
function lowerName(written: string): string {
  if (/[a-z]/.test(written)) return snakeCase(written);
  if (Object.hasOwn(formerNames, written)) return formerNames[written as keyof typeof formerNames];
  return [...modernNames(written.toLowerCase())].find(isKnown) ?? written;
}

/** Celery 3 had prefixes by program, and none for tasks; Django projects write CELERY_ before today's names. */
function* modernNames(name: string): Generator<string> {
  const [, prefix, rest] = /^(celeryd|celerybeat|celery)_(.+)$/.exec(name) ?? [];
  if (prefix === "celerybeat") yield `beat_${rest}`;
  if (prefix === "celeryd") yield `worker_${rest}`;
  if (prefix !== undefined && prefix !== "celerybeat") yield* [`${rest}`, `task_${rest}`, `worker_${rest}`];
  yield name;
}

function knownNames(written: string): readonly string[] {
  const names = [...new Set([...ownNames.keys(), ...Object.keys(celerySettings)])];
  if (!/[a-z]/.test(written)) return names.map((name) => (written.startsWith("CELERY_") ? `CELERY_${name}` : name).toUpperCase());
  return /[A-Z]/.test(written) ? names.map(camelCase) : names;
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
