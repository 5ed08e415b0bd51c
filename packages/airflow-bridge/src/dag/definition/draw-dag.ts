/** From options and a function that draws to the model of a DAG: the way of each DAG, whoever draws it. */
import { CeleriacError, shownValue } from "@celeriac/core/runtime";
import type { DagModel, TryLog } from "../model.ts";
import { createBuilder, type DagBuilder } from "./builder.ts";
import { type DagOptions, defaultsOf, readDagOptions } from "./dag-options.ts";
import { freezeDag } from "./freeze.ts";
import { createNode, type Node } from "./handle.ts";
import type { DagDraft } from "./task-draft.ts";

export interface DrawnDag {
  readonly model: DagModel;
  /** each behind all that it waits for */
  readonly nodes: readonly Node[];
}

export interface DagSurroundings {
  /** of a schedule that names none */
  readonly appZone: string;
  /** where its tries are written down beside the store; null: nowhere */
  readonly log: TryLog | null;
}

/** Throws DAG_DEFINITION, DAG_DUPLICATE, DAG_CYCLE, DAG_HANDLE, SCHEDULE_INVALID, CONFIG_UNKNOWN, CONFIG_DURATION. */
export function drawDag(id: string, o: DagOptions, build: (d: DagBuilder) => void, { appZone, log }: DagSurroundings): DrawnDag {
  if (!isDagId(id))
    throw new CeleriacError(
      "DAG_DEFINITION",
      `The id of a DAG cannot be ${shownValue(id)}: 250 letters, digits, points, _ and - are what it may have`,
    );
  const options = readDagOptions(id, o, appZone);
  const draft: DagDraft = { id, tasks: new Map(), groups: new Map(), isOpen: true };
  const returned: unknown = build(createBuilder(draft, defaultsOf(o)));
  if (isThenable(returned)) throw new CeleriacError("DAG_DEFINITION", `The function of the DAG ${id} is async: it draws the DAG at once`);
  const model = freezeDag(draft, options, log);
  return { model, nodes: Object.freeze([...model.tasks.keys()].map((task) => createNode(draft.tasks.get(task)!))) };
}

export function isDagId(id: unknown): id is string {
  return typeof id === "string" && id.length <= 250 && /^[\p{L}\p{N}_.-]+$/u.test(id);
}

function isThenable(value: unknown): boolean {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}
