/** What an app, and its workers, take from the process's environment; the only place in core that reads it. */
import { bothGiven, readSecret } from "./secret-file.ts";
import { type SettingTable, snakeCase } from "./setting.ts";

/** Values of settings that name an environment variable, where it is set; a secret may lie in the file that `<VARIABLE>_FILE` names. Throws CONFIG_FILE, CONFIG_INVALID. */
export function environmentSettings(table: SettingTable): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { env, secret }] of Object.entries(table)) {
    if (env === undefined) continue;
    const value = process.env[env] || undefined;
    const file = secret === true ? process.env[`${env}_FILE`] || undefined : undefined;
    if (value !== undefined && file !== undefined) throw bothGiven(env, `${env}_FILE`);
    const given = file === undefined ? value : readSecret(`${env}_FILE`, file);
    if (given !== undefined) found[name] = given;
  }
  return found;
}

/**
 * Settings that win over what an app's code says: a command's flags. They lie in the environment, because a worker's
 * executors are processes and threads of their own that load the app once more, and inherit it. Call it before the app is made.
 */
export function overrideSettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) process.env[overrideName(name)] = value;
}

/** `given` with the overridden settings in place of whatever it has under either name. */
export function withOverrides(table: SettingTable, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const settings = { ...given };
  for (const name of Object.keys(table)) {
    const value = process.env[overrideName(name)];
    if (value === undefined || value === "") continue;
    delete settings[snakeCase(name)];
    settings[name] = value;
  }
  return settings;
}

/** brokerUrl → CELERIAC_OVERRIDE_BROKER_URL */
function overrideName(name: string): string {
  return `CELERIAC_OVERRIDE_${snakeCase(name).toUpperCase()}`;
}

/** All of it, for processes that are started for somebody else. */
export function environmentOfProcess(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Lets tsx compile without a cache, here and in child processes. */
export function forgoTsxCache(): void {
  process.env["TSX_DISABLE_CACHE"] = "1";
}

export function isProduction(): boolean {
  return process.env["NODE_ENV"] === "production";
}

/** Whether Node was told how large its heap may be, by NODE_OPTIONS, which child processes inherit, or by a flag of this process. */
export function heapOptionGiven(): boolean {
  return [process.env["NODE_OPTIONS"] ?? "", ...process.execArgv].some((given) => heapOption.test(given));
}

/** --max-old-space-size, its percentage, --max-heap-size; V8 takes underscores as well. */
const heapOption = /--max[-_](old[-_]space|heap)[-_]size/;
