/** Takes the oldest tasks out of the file, a slice at a time: too many rows, too old, or more bytes than the file may have. */
import type { Connection } from "@celeriac/core/runtime";
import type { Retention } from "../store.ts";

/** Rows of one transaction: short enough that nobody waits for it. */
const sliceRows = 2_000;
/** of the bytes a file may have: from there on the oldest go */
const fullAt = 0.95;

export interface Pruning {
  /** Runs inside the caller's transaction; gives how many were removed. `now`: epoch seconds. */
  prune(tasks: number, now: number): { readonly tasks: number; readonly events: number };
  bytes(): number;
}

export function openPruning(connection: Connection, retention: Retention): Pruning {
  const pages = connection.query("select (select page_count from pragma_page_count) - (select freelist_count from pragma_freelist_count)");
  const pageSize = Number(connection.query("pragma page_size").all([])[0]![0]);
  const isOld = connection.query("select 1 from task where timestamp < ? limit 1");
  const pick = `select id from task where timestamp < ? order by timestamp, id limit ?`;
  const oldest = connection.query(`select json_group_array(id) from (${pick})`);
  const removeEvents = connection.query("delete from event where task in (select value from json_each(?))");
  const removeTasks = connection.query("delete from task where id in (select value from json_each(?))");
  const bytes = () => Number(pages.all([])[0]![0]) * pageSize;

  function remove(before: number, limit: number): { readonly tasks: number; readonly events: number } {
    const ids = String(oldest.all([before, limit])[0]![0]);
    return { events: removeEvents.run([ids]), tasks: removeTasks.run([ids]) };
  }

  return {
    bytes,
    prune(tasks, now) {
      const oldestAt = now - retention.days * 86_400;
      if (isOld.all([oldestAt]).length > 0) return remove(oldestAt, sliceRows);
      if (tasks > retention.tasks) return remove(Number.MAX_VALUE, Math.min(sliceRows, tasks - retention.tasks));
      if (tasks > 0 && bytes() > retention.bytes * fullAt) return remove(Number.MAX_VALUE, sliceRows);
      return { tasks: 0, events: 0 };
    },
  };
}
