/** Where a thread or child process of ours starts, both from the built package and, without a build, from its TypeScript source. */
import { ConfigError } from "./errors.ts";

/** The export condition under which our packages resolve to their sources. */
export const sourceCondition = "celeriac-source";

export interface Entry {
  readonly url: URL;
  readonly execArgv: readonly string[];
}

/** Entry of `new Worker(url, { execArgv })`: the file `path` (relative, without extension) beside the module `from` (its import.meta.url). */
export function threadEntry(from: string, path: string): Entry {
  if (!isSource(from)) return { url: new URL(`${path}.js`, from), execArgv: [] };
  const url = new URL(`${path}.ts`, from);
  const execArgv = [`--conditions=${sourceCondition}`];
  if (stripsTypes()) return { url, execArgv };
  // On Node 20 a loader given by --import does not reach the first file of a thread, so it starts in a line of its own.
  const code = `import { register } from ${JSON.stringify(import.meta.resolve("tsx/esm/api"))}; register(); await import(${JSON.stringify(url.href)});`;
  return { url: new URL(`data:text/javascript,${encodeURIComponent(code)}`), execArgv };
}

/** Entry of a child process: `spawn(process.execPath, [...execArgv, fileURLToPath(url)])`. */
export function processEntry(from: string, path: string): Entry {
  if (!isSource(from)) return { url: new URL(`${path}.js`, from), execArgv: [] };
  const loader = stripsTypes() ? [] : ["--import", import.meta.resolve("tsx")];
  return { url: new URL(`${path}.ts`, from), execArgv: [`--conditions=${sourceCondition}`, ...loader] };
}

/** URL of the module `path` (relative, without extension) beside the module `from`, source or built like that one. */
export function siblingModule(from: string, path: string): URL {
  return new URL(`${path}${isSource(from) ? ".ts" : ".js"}`, from);
}

/** Imports a user's module; TypeScript through Node's own type stripping (22.18 and later), else through tsx. Throws CONFIG_DRIVER_MISSING where neither is there. */
export async function loadModule(url: URL): Promise<Readonly<Record<string, unknown>>> {
  if (/\.[cm]?tsx?$/.test(url.pathname) && !stripsTypes()) await registerTypescript();
  return await import(url.href);
}

let registered = false;

async function registerTypescript(): Promise<void> {
  if (registered) return;
  registered = true;
  try {
    const { register } = await import("tsx/esm/api");
    register();
  } catch (cause) {
    throw new ConfigError(
      "CONFIG_DRIVER_MISSING",
      `This Node (${process.version}) cannot load TypeScript by itself: install tsx, or use Node 22.18 or later`,
      { cause },
    );
  }
}

function isSource(from: string): boolean {
  return from.endsWith(".ts");
}

function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}
