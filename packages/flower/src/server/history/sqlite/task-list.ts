/** A list of tasks as SQLite reads it: along the way that `walk.ts` has chosen. */
import type { Connection, Row, Value } from "@celeriac/core/runtime";
import type { TaskFilter, TaskQuery } from "../history.ts";
import type { FoundTask, Place, TaskListing } from "../task-pages.ts";
import { columnNames, previewList, recordOf } from "../task-row.ts";
import { type Walk, walkOf } from "./walk.ts";

export function taskListing(connection: Connection, query: Pick<TaskQuery, "sort" | "descending"> & TaskFilter): TaskListing {
  const walk = walkOf(connection, query);
  const list = listOf(walk);
  const order = orderOf(walk);
  const piece = (after: Place | null, end: Place | null, limit: number | null) => {
    const { sql, parameters } = selection(walk, list, after, end);
    return foundIn(connection.query(`${sql} order by ${order} limit ?`).all([...parameters, limit ?? -1]), walk);
  };
  return {
    keys: walk.keys.length,
    isAll: walk.rest === null && walk.driver.parameters.length === 0 && walk.least === null,
    isSearched: walk.rest !== null && walk.isOrdered,
    isExact: walk.isExact,
    rows(after, limit, offset) {
      if (!walk.isExact) return piece(after, null, limit);
      // The index alone skips those before it.
      const { sql, parameters } = selection(walk, "id", after, null);
      const ids = `${sql} order by ${order} limit ? offset ?`;
      const rows = connection
        .query(`select ${list} from task where id in (${ids}) order by ${order}`)
        .all([...parameters, limit ?? -1, offset]);
      return foundIn(rows, walk);
    },
    piece,
    placeAfter(after, size) {
      const { sql, parameters } = selection({ ...walk, rest: null }, walk.keys.join(", "), after, null);
      const [row] = connection.query(`${sql} order by ${order} limit 1 offset ?`).all([...parameters, size - 1]);
      return (row as Place | undefined) ?? null;
    },
    count(after, end, limit) {
      const { sql, parameters } = selection(walk, "1", after, end);
      return Number(connection.query(`select count(*) from (${sql} limit ?)`).all([...parameters, limit])[0]![0]);
    },
  };
}

/** `after`: of the row before the first; `end`: of the last row. */
function selection(walk: Walk, list: string, after: Place | null, end: Place | null) {
  const keys = `(${walk.keys.join(", ")})`;
  const place = `(${walk.keys.map(() => "?").join(", ")})`;
  const conditions: { readonly sql: string; readonly parameters: readonly Value[] }[] = [walk.driver];
  if (after !== null) conditions.push({ sql: `${keys} ${walk.descending ? "<" : ">"} ${place}`, parameters: after });
  if (end !== null) conditions.push({ sql: `${keys} ${walk.descending ? ">=" : "<="} ${place}`, parameters: end });
  if (walk.rest !== null) conditions.push(walk.rest);
  // Of two bounds the database takes one, and reads all between them.
  const hasBound = walk.descending ? end !== null : after !== null;
  if (walk.least !== null && !hasBound) conditions.push(walk.least);
  return {
    sql: `select ${list} from task indexed by ${walk.index} where ${conditions.map(({ sql }) => `(${sql})`).join(" and ")}`,
    parameters: conditions.flatMap(({ parameters }) => parameters),
  };
}

function orderOf({ keys, descending }: Walk): string {
  return keys.map((key) => `${key} ${descending ? "desc" : "asc"}`).join(", ");
}

/** The id, then the task: whole where it must be looked at once more. */
function listOf({ isExact }: Walk): string {
  return `id, ${isExact ? previewList : columnNames.join(", ")}`;
}

function foundIn(rows: readonly Row[], { keys }: Walk): readonly FoundTask[] {
  return rows.map((row) => ({
    place: keys.map((key) => (key === "id" ? row[0] : row[columnNames.indexOf(key) + 1]) as string | number),
    task: recordOf(row.slice(1)),
  }));
}
