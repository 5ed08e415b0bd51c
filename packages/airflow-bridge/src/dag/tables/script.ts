/** The scripts of processes: modules below one folder, each with a function `run`, which are loaded when they run. */
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CeleriacError, loadModule, shownValue } from "@celeriac/core/runtime";
import type { RunContext } from "../runner/run-context.ts";

/** What a script exports as `run`; `params` of its process. What it returns is what its task gives. */
export type RunScript = (run: RunContext, params: Readonly<Record<string, unknown>>) => unknown;

/** Why the file cannot be a script of the folder; null: it can. */
export function scriptProblem(file: string, scripts: URL): string | null {
  const url = new URL(file, scripts);
  if (url.protocol !== "file:" || !url.href.startsWith(scripts.href)) return `${shownValue(file)} lies outside of the folder of scripts`;
  const path = fileURLToPath(url);
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? null : `there is no script ${path}`;
}

/** Modules that were loaded, with the time of the file's last change. */
const loaded = new Map<string, number>();

/** Throws DAG_SCRIPT, and what the script throws. */
export async function runScript(url: URL, run: RunContext, params: Readonly<Record<string, unknown>>): Promise<unknown> {
  const module = await loadModule(versionOf(url));
  const { run: given } = module;
  if (typeof given !== "function")
    throw new CeleriacError("DAG_SCRIPT", `${fileURLToPath(url)} exports no function run(run, params), but ${shownNames(module)}`);
  return await (given as RunScript)(run, params);
}

/** A script that was changed since it was loaded is loaded anew: to Node it is another module then. */
function versionOf(url: URL): URL {
  const changedAt = statSync(url, { throwIfNoEntry: false })?.mtimeMs;
  if (changedAt === undefined) throw new CeleriacError("DAG_SCRIPT", `There is no script ${fileURLToPath(url)}`);
  const first = loaded.get(url.href);
  if (first === undefined) loaded.set(url.href, changedAt);
  if (first === undefined || first === changedAt) return url;
  const version = new URL(url);
  version.searchParams.set("changed", String(changedAt));
  return version;
}

function shownNames(module: Readonly<Record<string, unknown>>): string {
  return Object.keys(module).join(", ") || "nothing";
}
