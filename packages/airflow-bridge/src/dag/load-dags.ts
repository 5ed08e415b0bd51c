/** The DAGs of an app, in a process that runs their tasks: its module is loaded once more there. */
import { CeleriacError, loadModule, runtimeOf } from "@celeriac/core/runtime";
import { dagsOf } from "./registry.ts";
import type { AppDags } from "./runner-parts.ts";

/** Where an app lies. */
export interface DagSource {
  readonly moduleUrl: string;
  /** of its export, or its own; null: the only one */
  readonly appName: string | null;
}

export interface LoadedDags extends AppDags {
  readonly app: object;
}

/** Throws APP_NOT_FOUND, and what the module throws. */
export async function loadDags({ moduleUrl, appName }: DagSource): Promise<LoadedDags> {
  const found = Object.entries(await loadModule(new URL(moduleUrl)));
  const apps = new Set<unknown>();
  for (const [key, value] of found) {
    const runtime = runtimeOf(value);
    if (runtime !== undefined && (appName === null || key === appName || runtime.name === appName)) apps.add(value);
  }
  const [app] = apps;
  if (apps.size !== 1) {
    const wish = appName === null ? "" : ` called ${JSON.stringify(appName)}`;
    throw new CeleriacError("APP_NOT_FOUND", `${moduleUrl} exports ${apps.size === 0 ? "no" : "more than one"} app${wish}`);
  }
  const runtime = runtimeOf(app)!;
  await runtime.loadIncludes();
  return { app: app as object, runtime, findDag: (dagId) => dagsOf(app as object).get(dagId) };
}
