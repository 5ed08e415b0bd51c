/** Puts what the stream says where the pages read it: under the keys of their own questions. */
import type { QueryClient } from "@tanstack/react-query";
import type { StreamFrame, TaskList, TaskRow, WorkerList, WorkerRow } from "../../shared/contract.ts";
import { keys } from "../api/queries.ts";

export function applyFrame(queries: QueryClient, frame: StreamFrame): void {
  switch (frame.kind) {
    case "snapshot":
    case "delta":
      if (frame.topic === "overview") queries.setQueryData(keys.overview, frame.overview);
      else if (frame.topic === "tasks") applyTasks(queries, frame.rows);
      else applyWorkers(queries, frame.rows, frame.kind === "delta" ? frame.removed : null);
      break;
    case "gap":
      // Something is lost for good: what is shown is asked for again.
      void queries.invalidateQueries();
      break;
    case "hello":
    case "ping":
      break;
    default:
      frame satisfies never;
  }
}

/** `removed`: null: `rows` are all there are. */
function applyWorkers(queries: QueryClient, rows: readonly WorkerRow[], removed: readonly string[] | null): void {
  queries.setQueryData<WorkerList>(keys.workers, (list) => {
    if (removed === null) return { rows };
    if (list === undefined) return undefined;
    const byName = new Map(list.rows.map((row) => [row.name, row]));
    for (const name of removed) byName.delete(name);
    for (const row of rows) byName.set(row.name, row);
    return { rows: [...byName.values()] };
  });
}

/** Rows change where they stand: nothing moves under somebody's eyes. */
function applyTasks(queries: QueryClient, rows: readonly TaskRow[]): void {
  if (rows.length === 0) return;
  const byUuid = new Map(rows.map((row) => [row.uuid, row]));
  queries.setQueriesData<TaskList>({ queryKey: keys.lists }, (list) =>
    list?.rows.some((row) => byUuid.has(row.uuid)) ? { ...list, rows: list.rows.map((row) => byUuid.get(row.uuid) ?? row) } : list,
  );
  for (const uuid of byUuid.keys()) void queries.invalidateQueries({ queryKey: keys.task(uuid) });
}
