/** Secrets that lie in files, as platforms mount them: any setting that is one may be given as `<name>File`, or as `<VARIABLE>_FILE` in the environment. */
import { readFileSync } from "node:fs";
import { ConfigError, reasonOf } from "./errors.ts";
import { type SettingTable, shownValue } from "./setting.ts";

/** brokerUrl → brokerUrlFile, for the texts that are secrets. */
export function fileNames(table: SettingTable): ReadonlyMap<string, string> {
  const secrets = Object.keys(table).filter((name) => table[name]!.secret === true);
  return new Map(secrets.map((name) => [name, `${name}File`]));
}

/** `given` with what the files say in place of their names. Throws CONFIG_FILE, and CONFIG_INVALID where a secret is given in both ways. */
export function withSecretFiles(table: SettingTable, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const settings = { ...given };
  for (const [name, fileName] of fileNames(table)) {
    if (!(fileName in settings)) continue;
    if (name in settings) throw bothGiven(name, fileName);
    settings[name] = readSecret(fileName, settings[fileName]);
    delete settings[fileName];
  }
  return settings;
}

/** The text of a file without the newline at its end. `source`: the setting or variable that names it. Throws CONFIG_FILE. */
export function readSecret(source: string, path: unknown): string {
  if (typeof path !== "string" || path === "")
    throw new ConfigError("CONFIG_FILE", `${source} is the path of a file, got ${shownValue(path)}`);
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/[\r\n]+$/, "");
  } catch (cause) {
    throw new ConfigError("CONFIG_FILE", `${source} names a file that cannot be read: ${reasonOf(cause)}`, { cause });
  }
  if (text === "") throw new ConfigError("CONFIG_FILE", `${source} names a file that is empty: ${path}`);
  return text;
}

export function bothGiven(name: string, fileName: string): ConfigError {
  return new ConfigError("CONFIG_INVALID", `${name} and ${fileName} are both given: expected one of them`);
}
