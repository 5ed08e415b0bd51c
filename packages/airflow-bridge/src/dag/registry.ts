/** Which DAGs an app has. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { DagModel } from "./model.ts";

const registries = new WeakMap<object, Map<string, DagModel>>();

/** By id, in the order in which they were made. */
export function dagsOf(app: object): ReadonlyMap<string, DagModel> {
  return registries.get(app) ?? new Map();
}

/** Throws DAG_DUPLICATE. */
export function registerDag(app: object, dag: DagModel): void {
  const dags = registries.get(app) ?? new Map<string, DagModel>();
  if (dags.has(dag.id)) throw new CeleriacError("DAG_DUPLICATE", `The app has a DAG ${dag.id} already: give this one another id`);
  registries.set(app, dags.set(dag.id, dag));
}
