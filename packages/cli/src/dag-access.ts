/** How commands get at DAGs: those of the app, and the store in which their runs are kept. */

import type { DagModel, DagStore } from "@celeriac/airflow-bridge/dag-runtime";
import type { App } from "@celeriac/core";
import { type AppRuntime, CeleriacError, nearest } from "@celeriac/core/runtime";
import type { globalOptions } from "./command-options.ts";
import { type LoadedApp, loadApp } from "./load-app.ts";
import type { OptionValues } from "./option.ts";

export interface DagAccess {
  readonly app: App;
  readonly runtime: AppRuntime;
  readonly loaded: LoadedApp;
  readonly dags: ReadonlyMap<string, DagModel>;
  readonly store: DagStore;
}

/** Gives `ask` the DAGs of the app, which the store knows then. Throws APP_NOT_FOUND, DAG_STORE_*, CONFIG_*, and what `ask` throws. */
export async function withDags<T>(common: OptionValues<typeof globalOptions>, ask: (access: DagAccess) => Promise<T>): Promise<T> {
  const { dagsOf, openAppStore, refreshDags } = await import("@celeriac/airflow-bridge/dag-runtime");
  const loaded = await loadApp(common.app, process.cwd());
  const { app, runtime } = loaded;
  try {
    await runtime.loadIncludes();
    await refreshDags(app, 0);
    const dags = dagsOf(app);
    const { store } = await openAppStore(runtime);
    try {
      await declareMissing(store, dags, runtime.clock.now());
      return await ask({ app, runtime, loaded, dags, store });
    } finally {
      await store.close();
    }
  } finally {
    await app.close();
  }
}

/** Those that no scheduler has seen yet; what a running one says of the others counts. */
async function declareMissing(store: DagStore, dags: ReadonlyMap<string, DagModel>, now: number): Promise<void> {
  const { putDags, scheduledDag } = await import("@celeriac/airflow-bridge/dag-runtime");
  const known = new Set((await store.read((tables) => tables.dags.all())).map(({ dagId }) => dagId));
  const missing = [...dags.values()].filter(({ id }) => !known.has(id));
  if (missing.length > 0) await putDags(store, missing.map(scheduledDag), now);
}

/** The code of a DAG. Throws DAG_UNKNOWN. */
export function dagIn(dags: ReadonlyMap<string, DagModel>, dagId: string): DagModel {
  const dag = dags.get(dagId);
  if (dag !== undefined) return dag;
  const near = nearest(dagId, [...dags.keys()]);
  const hint = near === null ? `it has ${[...dags.keys()].join(", ") || "none"}` : `did you mean ${JSON.stringify(near)}?`;
  throw new CeleriacError("DAG_UNKNOWN", `The app has no DAG ${JSON.stringify(dagId)}: ${hint}`);
}

/** DAGs' instants, as run ids have them: "2026-01-01T00:00:00Z". */
export function instantText(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(".000Z", "Z");
}
