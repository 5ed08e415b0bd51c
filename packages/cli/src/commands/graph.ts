/** `celeriac graph`: draws a signature out of a file, or what a task has sent. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { App } from "@celeriac/core";
import { CeleriacError, type Graph, loadModule, readSignature, reasonOf, signatureGraph } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import { graphFormats } from "../graph-text.ts";
import { withResults } from "../load-app.ts";
import type { Output } from "../output.ts";
import { resultGraph } from "../result-graph.ts";

/** Resolves with the exit code. Throws COMMAND_USAGE for a file that holds no signature, and what `celeriac result` throws. */
export async function graph({ positionals, options, common }: CommandArguments<"graph">, output: Output): Promise<number> {
  const { target } = positionals;
  const place = placeOf(target);
  const drawn = place === null ? await withResults(common, (app: App) => resultGraph(app.result(target))) : await fileGraph(place);
  output.result(graphFormats[options.format as keyof typeof graphFormats](drawn), drawn);
  return exitCode.done;
}

interface Place {
  readonly path: string;
  /** of the export; null: the only one */
  readonly name: string | null;
}

/** "./report.ts:nightly" → ./report.ts, nightly. null: no file. */
function placeOf(target: string): Place | null {
  if (existsSync(target)) return { path: resolve(target), name: null };
  const [, path, name] = /^(.+):([^:\\/]+)$/.exec(target) ?? [];
  if (path !== undefined && name !== undefined && existsSync(path)) return { path: resolve(path), name };
  if (/[\\/]|\.(json|[cm]?[jt]s)$/.test(target)) throw usage(`there is no file ${target}`);
  return null;
}

async function fileGraph({ path, name }: Place): Promise<Graph> {
  const value = path.endsWith(".json") ? readJson(path) : await exported(path, name);
  return signatureGraph(readSignature(value, path, usage));
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw usage(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

async function exported(path: string, name: string | null): Promise<unknown> {
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

function usage(what: string): CeleriacError {
  return new CeleriacError("COMMAND_USAGE", `graph: ${what}`);
}
