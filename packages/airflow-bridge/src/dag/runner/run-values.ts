/** Reads from the store what a task's inputs refer to: between the store and resolve-inputs.ts, which reads nothing itself. */

import { type RunValues, tasksRead } from "../decision/resolve-inputs.ts";
import type { Input } from "../definition/input.ts";
import type { DagModel } from "../model.ts";
import type { RunRecord } from "../records.ts";
import { runFacts } from "../runs/run-facts.ts";
import type { Tables } from "../store/store.ts";
import { returnValueKey } from "./xcom.ts";

export async function readRunValues(
  tables: Tables,
  inputs: readonly Input[],
  dag: Pick<DagModel, "params">,
  run: RunRecord,
): Promise<RunValues> {
  const given = new Map<string, readonly unknown[]>();
  for (const taskId of tasksRead(inputs)) {
    const rows = await tables.xcoms.ofTask(run, taskId, returnValueKey);
    given.set(
      taskId,
      rows.map(({ value }) => JSON.parse(value) as unknown),
    );
  }
  return { xcoms: (taskId) => given.get(taskId) ?? [], run: runFacts(dag, run) };
}
