/** Where an argument of a task comes from: known when the DAG is built, or only in a run. The builder makes them from what an operator is called with. */

export type Input =
  | { readonly kind: "value"; readonly value: unknown }
  /** What a task gave, or a part of it. `list`: of a mapped task, what its instances gave, by map index, without those that gave nothing. */
  | { readonly kind: "xcom"; readonly taskId: string; readonly list: boolean; readonly path: readonly string[] }
  | { readonly kind: "run"; readonly key: RunKey; readonly path: readonly string[] }
  /** one instance per item of a list; several give the cross product, the last one running fastest */
  | { readonly kind: "each"; readonly list: Input }
  /** a list of tuples, as long as the shortest */
  | { readonly kind: "zip"; readonly lists: readonly Input[] };

export const runKeys = ["runId", "logicalDate", "intervalStart", "intervalEnd", "params"] as const;
export type RunKey = (typeof runKeys)[number];
