/**
 * What tests start in processes and threads of their own is built, once before the run: our packages, and the programs of `test/programs`.
 * From its sources each of them would compile itself again, which takes longer than most tests.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Brings up to date what was built. */
export function build(): void {
  const run = (...args: readonly string[]) => execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2] });
  run("node_modules/typescript/bin/tsc", "-b", "test/programs");
  run("tools/finish-build.mjs");
  run("tools/build-web.mjs");
}

/** A program of `test/programs`, by its path without the ending. */
export function programUrl(path: string): URL {
  return new URL(`../programs/dist/${path}.js`, import.meta.url);
}

export function programPath(path: string): string {
  return fileURLToPath(programUrl(path));
}
