/** Where an argument of a task comes from: known when the DAG is built, or only in a run. The builder makes them from what an operator is called with. */

export type Input =
  | { readonly kind: "value"; readonly value: unknown }
  /** what a task gave, or a part of it; of a mapped task the list of what its instances gave */
  | { readonly kind: "xcom"; readonly taskId: string; readonly path: readonly string[] }
  | { readonly kind: "run"; readonly key: RunKey }
  /** one instance per item of a list; several give the cross product, the last one running fastest */
  | { readonly kind: "each"; readonly list: Input }
  /** a list of tuples, as long as the longest */
  | { readonly kind: "zip"; readonly lists: readonly Input[] };

export type RunKey = "runId" | "logicalDate" | "intervalStart" | "intervalEnd" | "params";
