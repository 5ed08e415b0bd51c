/** Finds the app a command works with: the module given with -A, else what the project says or has, and the app among its exports. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type App, createApp } from "@celeriac/core";
import { type AppRuntime, CeleriacError, isMemoryUrl, loadModule, reasonOf, resultUrlOf, runtimeOf } from "@celeriac/core/runtime";

export interface LoadedApp {
  readonly app: App;
  readonly runtime: AppRuntime;
  /** where executors load it again; null: the command made it itself, to send by name */
  readonly source: { readonly moduleUrl: string; readonly appName: string } | null;
  /** the module as a person would write it; null as above */
  readonly file: string | null;
}

const endings = [".ts", ".mts", ".js", ".mjs", ".cjs", ".cts"];
const folderNames = ["index", "celery"];
const guesses = ["", "src/"].flatMap((folder) =>
  ["celery", "tasks"].flatMap((name) => [".ts", ".js", ".mjs"].map((ending) => `${folder}${name}${ending}`)),
);

/** `wanted`: the value of -A, or null. Throws APP_NOT_FOUND with what was tried, or with what the module exports; CONFIG_DRIVER_MISSING for TypeScript without a loader. */
export async function loadApp(wanted: string | null, folder: string): Promise<LoadedApp> {
  const { path, name } = wanted === null ? discover(folder) : locate(wanted, folder);
  const file = shown(path, folder);
  const moduleUrl = pathToFileURL(path).href;
  const [key, app] = pick(await load(new URL(moduleUrl), file), file, name);
  return { app, runtime: runtimeOf(app)!, source: { moduleUrl, appName: key }, file };
}

/** As `loadApp`, but where no app is named or found and a broker is known, an app without tasks, which can send by name. */
export async function loadAppOrNone(wanted: string | null, folder: string, brokerKnown: boolean): Promise<LoadedApp> {
  if (wanted !== null || !brokerKnown || hasApp(folder)) return await loadApp(wanted, folder);
  const app = createApp("celeriac");
  return { app, runtime: runtimeOf(app)!, source: null, file: null };
}

/** Whether a variable is set, or names the file that holds its value. */
export function isInEnvironment(variable: string): boolean {
  return Boolean(process.env[variable] || process.env[`${variable}_FILE`]);
}

/** Results go to the process that sent the task, and to no other. */
export function isRpc(settings: AppRuntime["settings"]): boolean {
  return /^rpc:/i.test(resultUrlOf(settings));
}

/** Gives `ask` an app that can look results up, and closes it. Throws RESULT_DISABLED, MEMORY_OUT_OF_REACH, APP_NOT_FOUND, and what `ask` throws. */
export async function withResults<T>(
  common: { readonly app: string | null; readonly broker: string | null; readonly resultBackend: string | null },
  ask: (app: App) => Promise<T>,
): Promise<T> {
  const backendKnown = common.broker !== null || common.resultBackend !== null;
  const inEnvironment = isInEnvironment("CELERY_BROKER_URL") || isInEnvironment("CELERY_RESULT_BACKEND");
  const { app, runtime } = await loadAppOrNone(common.app, process.cwd(), backendKnown || inEnvironment);
  try {
    if (isRpc(runtime.settings))
      throw new CeleriacError("RESULT_DISABLED", "rpc:// brings results to the process that sent the task, and to no other");
    refuseMemory(resultUrlOf(runtime.settings), "no result would ever be found from here");
    return await ask(app);
  } finally {
    await app.close();
  }
}

/** What lies in memory is in the process of a worker and its app, never in a command's. Throws MEMORY_OUT_OF_REACH. */
export function refuseMemory(url: string, what: string): void {
  if (!isMemoryUrl(url)) return;
  throw new CeleriacError(
    "MEMORY_OUT_OF_REACH",
    `${url} lies in the memory of the process that opens it: ${what}. A broker that a command reaches is sqlite://, redis:// or amqp://`,
  );
}

/** Only which module it is; nothing is loaded. Throws APP_NOT_FOUND. */
export function appPath(wanted: string | null, folder: string): string {
  return (wanted === null ? discover(folder) : locate(wanted, folder)).path;
}

interface Place {
  readonly path: string;
  /** of the export; null = the only app */
  readonly name: string | null;
}

function locate(wanted: string, folder: string): Place {
  const { path: written, name } = splitName(wanted, folder);
  const candidates = candidatesOf(resolve(folder, written));
  const path = candidates.find(isFile);
  if (path !== undefined) return { path, name };
  throw notFound(`-A ${wanted}: there is no such module; tried ${candidates.map((tried) => shown(tried, folder)).join(", ")}`);
}

/** "./tasks.ts:shop" → ./tasks.ts, shop. A colon that is part of a file's name, or of a drive, splits nothing. */
function splitName(wanted: string, folder: string): { readonly path: string; readonly name: string | null } {
  const match = /^(.{2,}):([\p{ID_Start}$_][\p{ID_Continue}$-]*)$/u.exec(wanted);
  if (match === null || existsSync(resolve(folder, wanted))) return { path: wanted, name: null };
  return { path: match[1]!, name: match[2]! };
}

function candidatesOf(path: string): readonly string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const inFolder = folderNames.flatMap((name) => endings.map((ending) => join(path, name + ending)));
  if (isFolder) return inFolder;
  return [path, ...(endings.some((ending) => path.endsWith(ending)) ? [] : endings.map((ending) => path + ending))];
}

function discover(folder: string): Place {
  const named = namedByPackage(folder);
  if (named !== null) return locate(named, folder);
  const found = guesses.map((guess) => join(folder, guess)).find(isFile);
  if (found !== undefined) return { path: found, name: null };
  const none = 'no "celeriac": { "app": … } in package.json, no celery.ts or tasks.ts (or .js, .mjs) in it or its src';
  throw notFound(`no app was named with -A, and ${folder} has ${none}`);
}

/** Whether one would be found without -A. */
export function hasApp(folder: string): boolean {
  return namedByPackage(folder) !== null || guesses.some((guess) => isFile(join(folder, guess)));
}

/** package.json#celeriac.app of the working folder. */
function namedByPackage(folder: string): string | null {
  const path = join(folder, "package.json");
  if (!isFile(path)) return null;
  let named: unknown;
  try {
    named = (JSON.parse(readFileSync(path, "utf8")) as { celeriac?: { app?: unknown } } | null)?.celeriac?.app;
  } catch (cause) {
    throw notFound(`package.json cannot be read: ${reasonOf(cause)}`, cause);
  }
  if (named === undefined) return null;
  if (typeof named === "string" && named !== "") return named;
  throw notFound(`package.json says "celeriac": { "app": ${JSON.stringify(named)} }: expected the path of a module`);
}

async function load(url: URL, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await loadModule(url);
  } catch (cause) {
    if (CeleriacError.is(cause)) throw cause;
    throw notFound(`${file} could not be loaded: ${reasonOf(cause)}`, cause);
  }
}

function pick(module: Readonly<Record<string, unknown>>, file: string, name: string | null): readonly [string, App] {
  const exported = Object.entries(module);
  const apps = new Map<unknown, string>();
  for (const [key, value] of exported) {
    if (runtimeOf(value) !== undefined && (!apps.has(value) || key === name)) apps.set(value, key);
  }
  const all = [...apps].map(([app, key]) => [key, app as App] as const);
  const matches = all.filter(([key, app]) => name === null || key === name || app.name === name);
  if (matches.length === 1) return matches[0]!;
  if (all.length === 0) throw notFound(`${file} exports no app made by createApp; ${whatInstead(exported)}`);
  const list = all.map(([key, app]) => `${key} (app ${JSON.stringify(app.name)})`).join(", ");
  if (name !== null) throw notFound(`${file} exports no app ${JSON.stringify(name)}, but ${list}`);
  throw notFound(`${file} exports ${all.length} apps, ${list}: say which, as in -A ${file}:${all[0]![0]}`);
}

function whatInstead(exported: readonly (readonly [string, unknown])[]): string {
  const foreign = exported.find(([, value]) => isObject(value) && typeof value["sendTask"] === "function" && "signals" in value);
  if (foreign !== undefined)
    return `its ${foreign[0]} was made by another installation of Celeriac: run the project's own, with npx celeriac`;
  const keys = exported.map(([key]) => key);
  return keys.length === 0 ? "it exports nothing" : `it exports ${keys.join(", ")}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The path as -A takes it from `folder`. */
function shown(path: string, folder: string): string {
  const way = relative(folder, path);
  if (way === "") return basename(path);
  return way.startsWith("..") || isAbsolute(way) ? path : `./${way}`;
}

function notFound(message: string, cause?: unknown): CeleriacError {
  return new CeleriacError("APP_NOT_FOUND", message, cause === undefined ? {} : { cause });
}
