/** The DAGs of an app, in a process that runs their tasks: its module is loaded once more there. */
import { type AppSource, findApp, loadModule } from "@celeriac/core/runtime";
import type { AppDags } from "./runner-parts.ts";

/** Throws APP_NOT_FOUND, and what the module throws. */
export async function loadDags(source: AppSource): Promise<AppDags> {
  const { app, runtime } = findApp(await loadModule(new URL(source.moduleUrl)), source);
  await runtime.loadIncludes();
  return { app, runtime };
}
