/** A function that chooses which of the tasks behind it go on: the others are skipped. */
import { CeleriacError, codedReasonOf, nearest, shownValue } from "@celeriac/core/runtime";
import { descendantsOf, type TaskDraft } from "../definition/task-draft.ts";
import type { Ending, Work } from "../model.ts";
import { withWork } from "../runner/current-work.ts";
import type { RunContext } from "../runner/run-context.ts";

export type Choose = (run: RunContext, ...args: never[]) => unknown;

/**
 * `routes`: which tasks go on by which key. A task right behind the branch that no key names goes on in any case, and so does, as in Airflow, one that
 * also stands behind a chosen one: where branches meet again its own rule decides.
 */
export function branchWork(choose: Choose, routes: ReadonlyMap<string, ReadonlySet<TaskDraft>>, branch: TaskDraft): Work {
  const call = choose as (run: RunContext, ...args: readonly unknown[]) => unknown;
  const ways = new Map([...routes].map(([key, next]) => [key, idsOf([...next, ...descendantsOf(next)])]));
  const routed = idsOf([...routes.values()].flatMap((next) => [...next]));
  const behind = [...branch.downstream].map(({ id }) => id).filter((id) => routed.has(id));
  return {
    kind: "run",
    async run(context, args): Promise<Ending> {
      const chosen: unknown = await withWork(context, () => call(context, ...args));
      const keys = Array.isArray(chosen) ? (chosen as readonly unknown[]) : [chosen];
      const wrong = keys.findIndex((key) => typeof key !== "string" || !ways.has(key));
      if (wrong !== -1) return { kind: "failed", reason: unknownKey(branch.id, keys[wrong], [...ways.keys()]), retryable: false };
      const goesOn = (id: string) => keys.some((key) => ways.get(key as string)!.has(id));
      return { kind: "branch", value: chosen, skip: behind.filter((id) => !goesOn(id)) };
    },
  };
}

function idsOf(tasks: readonly TaskDraft[]): ReadonlySet<string> {
  return new Set(tasks.map(({ id }) => id));
}

function unknownKey(branch: string, key: unknown, known: readonly string[]): string {
  const near = typeof key === "string" ? nearest(key, known) : null;
  const hint =
    near === null
      ? `on() names ${known.map((each) => JSON.stringify(each)).join(", ") || "none"}`
      : `did you mean ${JSON.stringify(near)}?`;
  return codedReasonOf(new CeleriacError("DAG_BRANCH", `The branch ${branch} chose ${shownValue(key)}: ${hint}`));
}
