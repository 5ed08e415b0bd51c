/** Stands for `packages/core/src/entry.ts` in the processes that run test files: the threads and processes they start are built ones. */
import type { Entry } from "../../packages/core/src/entry.ts";

function builtEntry(from: string, path: string): Entry {
  return { url: new URL(`${path}.js`, from.replace(/(?<=\/packages\/[\w-]+\/)src(?=\/)/, "dist")), execArgv: [] };
}

export { builtEntry as processEntry, builtEntry as threadEntry };
