/** Where a child process or thread finds the app whose tasks it runs: its module is loaded once more there. */
import { runtimeOf } from "./app.ts";
import type { AppRuntime } from "./app-runtime.ts";
import { CeleriacError } from "./errors.ts";

export interface AppSource {
  /** file: URL of the module given with -A */
  readonly moduleUrl: string;
  /** of its export, or its own; null: the module's only app */
  readonly appName: string | null;
}

export interface FoundApp {
  readonly app: object;
  readonly runtime: AppRuntime;
}

/** The app among a module's exports: the one called `appName`, else the only one. Throws APP_NOT_FOUND listing what is there. */
export function findApp(module: Readonly<Record<string, unknown>>, source: AppSource): FoundApp {
  const found = new Map<object, { readonly key: string; readonly runtime: AppRuntime }>();
  for (const [key, value] of Object.entries(module)) {
    const runtime = runtimeOf(value);
    if (runtime !== undefined && (!found.has(value as object) || key === source.appName)) found.set(value as object, { key, runtime });
  }
  const matches = [...found].filter(
    ([, { key, runtime }]) => source.appName === null || key === source.appName || runtime.name === source.appName,
  );
  const [first] = matches;
  if (matches.length === 1 && first !== undefined) return { app: first[0], runtime: first[1].runtime };
  const names = [...found.values()].map(({ key }) => key);
  const list = names.length === 0 ? "it exports no app made by createApp" : `it exports ${names.join(", ")}`;
  const wish = source.appName === null ? "" : ` called ${JSON.stringify(source.appName)}`;
  throw new CeleriacError(
    "APP_NOT_FOUND",
    `${source.moduleUrl}: ${matches.length === 0 ? "no" : "more than one"} app${wish}; ${list}${names.length > 1 ? ": say which with :name" : ""}`,
  );
}
