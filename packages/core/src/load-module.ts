/** Loads the modules of users, TypeScript included: in the command, in executors, and where an app names modules that only workers load. */
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { forgoTsxCache } from "./environment.ts";
import { ConfigError } from "./errors.ts";

/** Imports a user's module; TypeScript through Node's own type stripping (22.18 and later), else through tsx. Throws CONFIG_DRIVER_MISSING where neither is there, APP_MODULE_FORMAT. */
export async function loadModule(url: URL): Promise<Readonly<Record<string, unknown>>> {
  if (/\.[cm]?tsx?$/.test(url.pathname) && !stripsTypes() && !(await registerTsx())) {
    const message = `This Node (${process.version}) cannot load TypeScript by itself: install tsx, or use Node 22.18 or later`;
    throw new ConfigError("CONFIG_DRIVER_MISSING", message);
  }
  try {
    return await importing<Readonly<Record<string, unknown>>>(() => import(url.href));
  } catch (cause) {
    if (!isOfOtherFormat(cause)) throw cause;
    const message = `${fileURLToPath(url)}, or a file that it imports, is written with import and export, and package.json makes it CommonJS`;
    throw new ConfigError("APP_MODULE_FORMAT", message, { cause });
  }
}

/** How Node and tsx fail at TypeScript that package.json makes CommonJS and whose syntax is that of ES modules. */
function isOfOtherFormat(error: unknown): boolean {
  const isRefused = error instanceof SyntaxError && /outside a module|Unexpected token 'export'/.test(error.message);
  return isRefused || codeOf(error).startsWith("ERR_REQUIRE_");
}

/** How Node's own type stripping refuses, before anything has run: imports without the ending of their file, of a folder, and syntax that is more than types. */
const beyondStripping = new Set(["ERR_MODULE_NOT_FOUND", "ERR_UNSUPPORTED_DIR_IMPORT", "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"]);

/** An import of users' code: once more, through tsx, where it has TypeScript that Node alone cannot load. */
export async function importing<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const isBeyond = beyondStripping.has(codeOf(error)) || error instanceof SyntaxError;
    if (!stripsTypes() || tsxRegistered || !isBeyond || !(await registerTsx())) throw error;
    return await load();
  }
}

let tsxRegistered = false;

/** False where it is not installed. */
async function registerTsx(): Promise<boolean> {
  if (tsxRegistered) return true;
  // It keeps what it compiled in the folder for temporary files, and fails where it cannot.
  if (!isWritable(tmpdir())) forgoTsxCache();
  try {
    const { register } = await import("tsx/esm/api");
    register();
    tsxRegistered = true;
  } catch (error) {
    if (codeOf(error) !== "ERR_MODULE_NOT_FOUND") throw error;
  }
  return tsxRegistered;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}

/** Whether this Node loads TypeScript by itself, by taking the types out. */
export function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}
