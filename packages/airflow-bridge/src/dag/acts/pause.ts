/** Keeps a DAG from starting runs and tasks, or lets it go on. What runs, ends. */
import type { DagStore } from "../store/store.ts";
import { requireDag } from "./require.ts";

/** Throws DAG_UNKNOWN. */
export async function pauseDag(store: DagStore, dagId: string, isPaused: boolean): Promise<void> {
  const isThere = await store.write(({ dags }) => dags.setPaused(dagId, isPaused));
  requireDag(isThere ? dagId : null, dagId);
}
