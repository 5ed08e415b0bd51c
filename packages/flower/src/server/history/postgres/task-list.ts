/** A list of tasks as PostgreSQL reads it: which index serves it best the database knows by itself. */
import type { PostgresRow } from "@celeriac/core/runtime";
import type { SortKey, TaskFilter, TaskQuery } from "../history.ts";
import { type SearchDialect, searchCondition } from "../search-sql.ts";
import type { FoundTask, Place, TaskListing } from "../task-pages.ts";
import { columnNames, previewList } from "../task-row.ts";
import type { AskHistory } from "./database.ts";
import { recordIn } from "./task-rows.ts";

/** Texts are in the collation "C", which folds ASCII alone. */
export const dialect: SearchDialect = { always: "true", like: (column) => `coalesce(${column} ilike ?, false)` };

interface Condition {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

const table = "celeriac_history_task";

export function taskListing(
  ask: AskHistory,
  { sort, descending, ...filter }: Pick<TaskQuery, "sort" | "descending"> & TaskFilter,
): TaskListing {
  const search = filter.search === undefined ? null : searchCondition(filter.search, dialect);
  const filters = conditionsOf(filter, sort);
  const keys = keysOf(sort);
  const isExact = search?.isExact ?? true;
  const list = `id, ${isExact ? previewList : columnNames.join(", ")}`;
  const order = keys.map((key) => `${key} ${descending ? "desc" : "asc"}`).join(", ");

  function behind(after: Place | null): readonly Condition[] {
    return after === null ? [] : [bound(keys, descending ? "<" : ">", after)];
  }

  function pieceOf(after: Place | null, end: Place | null): readonly Condition[] {
    const upTo = end === null ? [] : [bound(keys, descending ? ">=" : "<=", end)];
    return [...filters, ...behind(after), ...upTo, ...(search === null ? [] : [search])];
  }

  return {
    keys: keys.length,
    isAll: filters.length === 0 && search === null,
    isSearched: search !== null,
    isExact,
    async rows(after, limit, offset) {
      // The index alone skips those before it.
      const ids = select("id", [...filters, ...behind(after)], `order by ${order} limit ? offset ?`, limit, offset);
      return foundIn(await ask(`select ${list} from ${table} where id in (${ids.sql}) order by ${order}`, ids.parameters), keys);
    },
    async piece(after, end, limit) {
      const { sql, parameters } = select(list, pieceOf(after, end), `order by ${order} limit ?`, limit);
      return foundIn(await ask(sql, parameters), keys);
    },
    async placeAfter(after, size) {
      const ending = `order by ${order} limit 1 offset ?`;
      const { sql, parameters } = select(keys.join(", "), [...filters, ...behind(after)], ending, size - 1);
      const [row] = await ask(sql, parameters);
      return row === undefined ? null : placeIn(row, keys);
    },
    async count(after, end, limit) {
      const { sql, parameters } = select("1", pieceOf(after, end), "limit ?", limit);
      const [row] = await ask(`select count(*) as count from (${sql}) as found`, parameters);
      return Number(row!["count"]);
    },
  };
}

function select(list: string, conditions: readonly Condition[], ending: string, ...more: readonly unknown[]): Condition {
  const where = conditions.length === 0 ? "" : `where ${conditions.map(({ sql }) => `(${sql})`).join(" and ")}`;
  return {
    sql: `select ${list} from ${table} ${where} ${ending}`,
    parameters: [...conditions.flatMap(({ parameters }) => parameters), ...more],
  };
}

function bound(keys: readonly string[], sign: string, place: Place): Condition {
  return { sql: `(${keys.join(", ")}) ${sign} (${keys.map(() => "?").join(", ")})`, parameters: place };
}

/** As the indexes have them. */
function keysOf(sort: SortKey): readonly string[] {
  if (sort === "timestamp") return ["timestamp", "id"];
  return sort === "name" || sort === "state" || sort === "worker" ? [sort, "timestamp", "id"] : [sort, "id"];
}

/** Nothing has its last event before it was received, but for what clocks that differ make of it. */
const driftSeconds = 60;

function conditionsOf({ states, name, worker, queue, receivedFrom, receivedTo, rootId }: TaskFilter, sort: SortKey): readonly Condition[] {
  const found: Condition[] = [];
  const add = (sql: string, ...parameters: readonly unknown[]) => found.push({ sql, parameters });
  if (name !== undefined) add("name = ?", name);
  if (worker !== undefined) add("worker = ?", worker);
  if (queue !== undefined) add("queue = ?", queue);
  if (states !== undefined && states.length > 0)
    add(
      "state = any (?)",
      states.map((state) => state.toUpperCase()),
    );
  // What nobody received (0) was not received at any time.
  if (receivedTo !== undefined) add("received <> 0 and received <= ?", receivedTo);
  if (receivedFrom !== undefined && (receivedTo !== undefined || sort !== "timestamp"))
    add("received <> 0 and received >= ?", receivedFrom);
  // A list by time ends there, and is read along its own index: two bounds of the same days are taken for fewer rows than either.
  else if (receivedFrom !== undefined)
    add("timestamp >= ? and received <> 0 and received + 0 >= ?", receivedFrom - driftSeconds, receivedFrom);
  if (rootId !== undefined) add("root_id = ? and root_id <> uuid", rootId);
  return found;
}

function placeIn(row: PostgresRow, keys: readonly string[]): Place {
  return keys.map((key) => (key === "id" ? Number(row[key]) : (row[key] as string | number)));
}

function foundIn(rows: readonly PostgresRow[], keys: readonly string[]): readonly FoundTask[] {
  return rows.map((row) => ({ place: placeIn(row, keys), task: recordIn(row) }));
}
