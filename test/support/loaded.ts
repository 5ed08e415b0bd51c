/** Runs a script in a process of its own and tells what it loaded. */
import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { promisify } from "node:util";

const tracker = new URL("loaded-modules.mjs", import.meta.url).href;

export interface Loaded {
  /** names of the packages from which anything was loaded */
  readonly packages: ReadonlySet<string>;
  /** files of packages: "<package>/<path>" */
  readonly modules: ReadonlySet<string>;
  /** files of the script's own project, from its folder */
  readonly files: ReadonlySet<string>;
}

/** `cwd` is where the script imports from. */
export async function loadedBy(script: string, cwd: string, type: "module" | "commonjs" = "module"): Promise<Loaded> {
  const words = ["--import", tracker, `--input-type=${type}`, "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd });
  const paths = stdout.split("\n").flatMap((line) => /^loaded (?:file:\/\/)?(\/.*)/.exec(line)?.[1] ?? []);
  const own = `${realpathSync(cwd)}/`;
  return {
    packages: new Set(paths.flatMap((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [])),
    modules: new Set(paths.flatMap((path) => /.*\/node_modules\/(.*)/.exec(path)?.[1] ?? [])),
    files: new Set(paths.filter((path) => path.startsWith(own)).map((path) => path.slice(own.length))),
  };
}
