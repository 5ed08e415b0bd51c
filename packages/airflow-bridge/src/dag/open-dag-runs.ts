/** The door for the monitor's command: what an app's DAG store has to show, opened when somebody looks at it for the first time. */
import type { DagRuns } from "@celeriac/core/runtime";
import { dagSettings, dagStoreUrl } from "./config.ts";
import { createDagRuns } from "./runs/dag-runs.ts";
import { openStoreAt, type StoreOwner } from "./store/app-store.ts";
import { isStoreThere } from "./store/open-store.ts";

/** A file that no scheduler has made yet is not made by looking. Throws CONFIG_*. */
export function openDagRuns(runtime: StoreOwner): DagRuns {
  const settings = dagSettings();
  const url = dagStoreUrl(settings, runtime.settings.brokerUrl);
  const isThere = () => isStoreThere(url);
  let opening: Promise<Omit<DagRuns, "isThere">> | null = null;

  async function using<T>(empty: T, ask: (runs: Omit<DagRuns, "isThere">) => Promise<T>): Promise<T> {
    if (opening === null && !isThere()) return empty;
    opening ??= openStoreAt(url, runtime, settings).then(createDagRuns);
    return await ask(await opening);
  }

  return {
    isThere,
    dags: () => using([], (runs) => runs.dags()),
    dag: (dagId, count) => using(null, (runs) => runs.dag(dagId, count)),
    run: (dagId, runId) => using(null, (runs) => runs.run(dagId, runId)),
    close: async () => (await opening)?.close(),
  };
}
