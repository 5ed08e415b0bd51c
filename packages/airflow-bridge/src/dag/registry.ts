/** Which DAGs an app has: those of its code, and those that come and go while it runs. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { DagModel } from "./model.ts";

/** DAGs that are no code, as those that are made of rows. */
export interface LiveDags {
  /** as they were read last */
  readonly models: ReadonlyMap<string, DagModel>;
  /** that start nothing any more: what was queued of them runs to its end */
  readonly disabled: ReadonlyMap<string, DagModel>;
  /** what was wrong then, by the DAG, or by the place where no DAG can be told; a DAG that is named goes on as it was */
  readonly problems: ReadonlyMap<string, readonly string[]>;
  /** Reads them again if they were read longer ago. Rejects with DAG_STORE_*, DAG_TABLES_MISSING; then all stay as they were. */
  refresh(maxAgeMs: number): Promise<void>;
  /** Keeps what was read, so that a DAG can go on as it was in a process, too, that never saw it so. Rejects with DAG_STORE_*. */
  keep(): Promise<void>;
}

interface Registry {
  readonly code: Map<string, DagModel>;
  readonly live: LiveDags[];
}

const registries = new WeakMap<object, Registry>();

function registryOf(app: object): Registry {
  const found = registries.get(app) ?? { code: new Map(), live: [] };
  registries.set(app, found);
  return found;
}

/** By id, in the order in which they were made; the live ones behind. */
export function dagsOf(app: object): ReadonlyMap<string, DagModel> {
  const { code, live } = registryOf(app);
  return live.length === 0 ? code : new Map([...live.toReversed().flatMap(({ models }) => [...models]), ...code]);
}

/** Whoever runs what is queued finds disabled ones, too. */
export function findDag(app: object, dagId: string): DagModel | undefined {
  const { code, live } = registryOf(app);
  const maps = [code, ...live.map(({ models }) => models), ...live.map(({ disabled }) => disabled)];
  return maps.find((models) => models.has(dagId))?.get(dagId);
}

export function isInCode(app: object, dagId: string): boolean {
  return registryOf(app).code.has(dagId);
}

/** Throws DAG_DUPLICATE. */
export function registerDag(app: object, dag: DagModel): void {
  const { code } = registryOf(app);
  if (code.has(dag.id)) throw new CeleriacError("DAG_DUPLICATE", `The app has a DAG ${dag.id} already: give this one another id`);
  code.set(dag.id, dag);
}

export function registerLiveDags(app: object, live: LiveDags): void {
  registryOf(app).live.push(live);
}

export function liveDagsOf(app: object): readonly LiveDags[] {
  return registryOf(app).live;
}

/** Reads the live ones of an app that were read longer ago. Rejects as they do. */
export async function refreshDags(app: object, maxAgeMs: number): Promise<void> {
  await Promise.all(liveDagsOf(app).map((live) => live.refresh(maxAgeMs)));
}
