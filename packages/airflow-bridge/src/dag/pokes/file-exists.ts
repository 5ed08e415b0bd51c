/** A poke that waits for a file. */
import { stat } from "node:fs/promises";
import { CeleriacError, isText, shownValue } from "@celeriac/core/runtime";
import type { RunContext } from "../runner/run-context.ts";

/**
 * Waits until there is a file, or a folder, of this path, and gives the path. It is looked for on the machine where the sensor runs, in mode `defer` on
 * that of the triggerer; what may not be looked at fails the try. Throws DAG_DEFINITION for what is no path.
 */
export function fileExists(path: string | ((run: RunContext) => string)): (run: RunContext) => Promise<string | false> {
  const pathOf = typeof path === "function" ? path : () => path;
  if (typeof path !== "function") refuseOther(path);
  return async (run) => {
    const wanted = pathOf(run);
    refuseOther(wanted);
    return (await isThere(wanted)) && wanted;
  };
}

function refuseOther(path: unknown): void {
  if (!isText(path)) throw new CeleriacError("DAG_DEFINITION", `fileExists(): expected a path, got ${shownValue(path)}`);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}
