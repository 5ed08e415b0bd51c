/** A task that starts a run of another DAG, and may wait for that very run. */
import { createHash } from "node:crypto";
import { CeleriacError, isFlag, isRecord, type OptionCheck } from "@celeriac/core/runtime";
import type { NodeOptions } from "../definition/node-options.ts";
import type { Work, WorkContext } from "../model.ts";

export interface TriggerOptions extends NodeOptions {
  /** until the run has ended, without a slot; it fails when the run does */
  wait?: boolean;
  /** of the run; each may be a handle */
  params?: Readonly<Record<string, unknown>>;
}

export const triggerChecks: Readonly<Record<Exclude<keyof TriggerOptions, keyof NodeOptions>, OptionCheck>> = {
  wait: isFlag,
  params: isRecord,
};

/** between two looks at the run */
const lookMs = 5_000;

/** Gives the id of the run. Arguments of the work are the values of the params `names`. */
export function triggerWork(dagId: string, names: readonly string[], { wait = false }: TriggerOptions): Work {
  const start = async (context: WorkContext, args: readonly unknown[]) => {
    const run = { dagId, runId: triggeredRunId(context) };
    const params = Object.fromEntries(names.map((name, at) => [name, args[at]]));
    await context.runs.trigger({ ...run, logicalDate: null, params });
    return run;
  };
  if (!wait) return { kind: "run", run: async (context, args) => ({ kind: "success", value: (await start(context, args)).runId }) };
  return {
    kind: "wait",
    mode: "defer",
    intervalMs: lookMs,
    timeoutMs: null,
    softFail: false,
    async poke(context, args) {
      const run = await start(context, args);
      const state = (await context.runs.find(dagId, run))?.state;
      if (state === "failed")
        throw new CeleriacError("DAG_RUN_FAILED", `The run ${run.runId} of the DAG ${dagId}, which this task waits for, has failed`);
      return state === "success" ? run.runId : undefined;
    },
  };
}

/** The same for each try and each look of an instance: whoever asks again, after a crash too, finds the run that is there. */
function triggeredRunId({ dagId, runId, taskId, mapIndex, logicalDate }: WorkContext): string {
  const digest = createHash("sha1")
    .update(JSON.stringify([dagId, runId, taskId, mapIndex]))
    .digest("hex");
  return `manual__${logicalDate.toISOString().slice(0, 19)}+00:00_${digest.slice(0, 12)}`;
}
