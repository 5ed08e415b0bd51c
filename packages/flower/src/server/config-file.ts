/** The file of options: found, or named, and read. What Python's Flower calls flowerconfig.py is JSON or a module here. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError, loadModule, reasonOf } from "@celeriac/core/runtime";

export interface ConfigFile {
  readonly path: string;
  /** as it is written there, unchecked */
  readonly options: Readonly<Record<string, unknown>>;
}

const guesses = ["json", "ts", "mts", "js", "mjs"].map((ending) => `flowerconfig.${ending}`);
const ofPython = "flowerconfig.py";

/** `wanted`: path, or null for the one that lies in `folder`. null: there is none. Throws CONFIG_FILE, CONFIG_INVALID. */
export async function readConfigFile(wanted: string | null, folder: string): Promise<ConfigFile | null> {
  const name = wanted ?? guesses.find((guess) => existsSync(resolve(folder, guess))) ?? null;
  // Who has one relies on what it says, a login perhaps.
  if (name === null && existsSync(resolve(folder, ofPython))) throw inPython(ofPython);
  if (name === null) return null;
  if (name.endsWith(".py")) throw inPython(name);
  const path = resolve(folder, name);
  if (!existsSync(path)) throw new ConfigError("CONFIG_FILE", `conf names a file that is not there: ${path}`);
  const options = await contentOf(path, name);
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return { path: name, options: { ...options } };
  throw new ConfigError("CONFIG_FILE", `${name}: expected an object of options`);
}

function inPython(name: string): ConfigError {
  const message = `${name} is Python, which cannot be read here: say the same in flowerconfig.json, under the same names, or in flowerconfig.ts, and name it with --conf where ${ofPython} stays`;
  return new ConfigError("CONFIG_FILE", message);
}

async function contentOf(path: string, name: string): Promise<unknown> {
  try {
    if (name.endsWith(".json")) return JSON.parse(readFileSync(path, "utf8"));
    const module = await loadModule(pathToFileURL(path));
    return module["default"] ?? module;
  } catch (cause) {
    throw new ConfigError("CONFIG_FILE", `${name} could not be read: ${reasonOf(cause)}`, { cause });
  }
}
