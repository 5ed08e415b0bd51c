/** Where the tasks of a DAG stand in its picture: in columns from left to right, each behind all that it waits for. Pure. */
import type { DagTask } from "../../shared/dag-contract.ts";

export const boxWidth = 184;
export const boxHeight = 44;
const gapAcross = 56;
const gapDown = 14;

export interface PlacedTask {
  readonly task: DagTask;
  readonly x: number;
  readonly y: number;
}

export interface DagLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedTask[];
  /** lines of SVG */
  readonly edges: readonly { readonly key: string; readonly path: string }[];
}

/** `tasks`: each behind all that it waits for. What stands in a column is ordered by where that stands which it waits for. */
export function layoutOf(tasks: readonly DagTask[]): DagLayout {
  const columns: DagTask[][] = [];
  const depth = new Map<string, number>();
  for (const task of tasks) {
    const own = Math.max(-1, ...task.upstream.map((id) => depth.get(id) ?? -1)) + 1;
    depth.set(task.id, own);
    columns[own] ??= [];
    columns[own].push(task);
  }
  const most = Math.max(1, ...columns.map((column) => column.length));
  const height = most * (boxHeight + gapDown) - gapDown;
  const placed = new Map<string, PlacedTask>();
  columns.forEach((column, at) => {
    const middle = ({ upstream }: DagTask) => mean(upstream.flatMap((id) => placed.get(id)?.y ?? []));
    const ordered = at === 0 ? column : column.toSorted((one, other) => middle(one) - middle(other));
    const top = (height - (ordered.length * (boxHeight + gapDown) - gapDown)) / 2;
    ordered.forEach((task, row) => {
      placed.set(task.id, { task, x: at * (boxWidth + gapAcross), y: top + row * (boxHeight + gapDown) });
    });
  });
  const width = Math.max(1, columns.length) * (boxWidth + gapAcross) - gapAcross;
  const boxes = [...placed.values()];
  const edges = boxes.flatMap((to) =>
    to.task.upstream.flatMap((id) => {
      const from = placed.get(id);
      return from === undefined ? [] : [{ key: `${id} ${to.task.id}`, path: edgePath(from, to) }];
    }),
  );
  return { width, height, boxes, edges };
}

function edgePath(from: PlacedTask, to: PlacedTask): string {
  const [x1, y1] = [from.x + boxWidth, from.y + boxHeight / 2];
  const [x2, y2] = [to.x, to.y + boxHeight / 2];
  const bend = Math.min(gapAcross, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
