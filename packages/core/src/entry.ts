/** Where a thread or child process of ours starts, both from the built package and, without a build, from its TypeScript source. */
import { stripsTypes } from "./load-module.ts";

/** The export condition under which our packages resolve to their sources. */
const sourceCondition = "celeriac-source";

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

function isSource(from: string): boolean {
  return from.endsWith(".ts");
}
