/** A signature out of a file: JSON, or what a module exports. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CeleriacError, loadModule, readSignature, reasonOf, type SignatureJson } from "@celeriac/core/runtime";

export interface SignatureFile {
  readonly path: string;
  /** of the export; null: the only one */
  readonly name: string | null;
}

type Usage = (what: string) => CeleriacError;

/** "./report.ts:nightly" → ./report.ts, nightly. null: no file. `command` begins what is thrown: COMMAND_USAGE for a file that is not there. */
export function findSignatureFile(target: string, command: string): SignatureFile | null {
  if (existsSync(target)) return { path: resolve(target), name: null };
  const [, path, name] = /^(.+):([^:\\/]+)$/.exec(target) ?? [];
  if (path !== undefined && name !== undefined && existsSync(path)) return { path: resolve(path), name };
  if (/[\\/]|\.(json|[cm]?[jt]s)$/.test(target)) throw usageOf(command)(`there is no file ${target}`);
  return null;
}

/** Throws COMMAND_USAGE for one that holds no signature. */
export async function readSignatureFile({ path, name }: SignatureFile, command: string): Promise<SignatureJson> {
  const usage = usageOf(command);
  const value = path.endsWith(".json") ? readJson(path, usage) : await exported(path, name, usage);
  return readSignature(value, path, usage);
}

function usageOf(command: string): Usage {
  return (what) => new CeleriacError("COMMAND_USAGE", `${command}: ${what}`);
}

function readJson(path: string, usage: Usage): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw usage(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

async function exported(path: string, name: string | null, usage: Usage): Promise<unknown> {
  const module = await loadModule(pathToFileURL(path));
  const found = Object.entries(module).flatMap(([key, value]) => {
    const json = signatureIn(value);
    return json === null || (name !== null && key !== name) ? [] : [{ key, json }];
  });
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only.json;
  if (found.length === 0) throw usage(`${path} exports no signature${name === null ? "" : ` ${name}`}`);
  const keys = found.map(({ key }) => key);
  throw usage(`${path} exports several signatures, ${keys.join(", ")}: name one, as in ${path}:${keys[0]}`);
}

function signatureIn(value: unknown): unknown {
  const { toJSON } = (typeof value === "object" && value !== null ? value : {}) as { readonly toJSON?: () => unknown };
  const json = typeof toJSON === "function" ? toJSON.call(value) : null;
  return typeof json === "object" && json !== null && "task" in json ? json : null;
}
