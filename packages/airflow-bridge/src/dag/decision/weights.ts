/** Which instance goes first where there is not room for all: Airflow's priority weights, its own or with those of all behind or before it. */
import type { WeightRule } from "../states.ts";

export interface WeightedTask {
  /** ids of direct neighbours */
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
  readonly options: { readonly priorityWeight: number; readonly weightRule: WeightRule };
}

const most = 2 ** 31 - 1;
const least = -(2 ** 31);

/** By id; each within what an integer column of a database holds: Airflow 2 cuts sums, Airflow 3 runs into an error of its database. */
export function priorityWeights(tasks: ReadonlyMap<string, WeightedTask>): ReadonlyMap<string, number> {
  return new Map([...tasks].map(([id, task]) => [id, Math.max(least, Math.min(most, weightOf(id, task, tasks)))]));
}

function weightOf(id: string, { options }: WeightedTask, tasks: ReadonlyMap<string, WeightedTask>): number {
  switch (options.weightRule) {
    case "absolute":
      return options.priorityWeight;
    case "downstream":
    case "upstream":
      return [...reached(id, options.weightRule, tasks)].reduce((sum, each) => sum + tasks.get(each)!.options.priorityWeight, 0);
  }
}

/** Itself and all that lie in that direction, each once. */
function reached(id: string, direction: "downstream" | "upstream", tasks: ReadonlyMap<string, WeightedTask>): ReadonlySet<string> {
  const found = new Set([id]);
  // A set is walked on while it grows.
  for (const each of found) for (const neighbour of tasks.get(each)![direction]) found.add(neighbour);
  return found;
}
