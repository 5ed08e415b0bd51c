/**
 * Which way a list of tasks is read: along one index in the list's own order, or, where few tasks fit, all of these, sorted. Chosen by counting, up
 * to a limit, what fits each part of the filter.
 */
import type { Connection, Value } from "@celeriac/core/runtime";
import type { SortKey, TaskFilter, TaskQuery } from "../history.ts";
import { type SearchDialect, searchCondition } from "../search-sql.ts";

interface Condition {
  readonly sql: string;
  readonly parameters: readonly Value[];
}

/** A part of the filter that an index finds. */
interface Found extends Condition {
  readonly index: string;
  /** The index has what it finds in the order of `timestamp`; has it at least; or neither. */
  readonly timestamps: "ordered" | "there" | "none";
  /** which it makes the same for all */
  readonly column: string | null;
  /** What it finds lies together at the end of the list by time, and `least` leads there. */
  readonly isRecent?: boolean;
}

export interface Walk {
  /** to be read with `indexed by`; null: the database knows best */
  readonly index: string | null;
  /** What the index gives by itself. */
  readonly driver: Condition;
  /** Nothing before it fits; null: nobody knows. */
  readonly least: Condition | null;
  /** What must be looked at in each row; null: nothing. */
  readonly rest: Condition | null;
  /** columns of the order; the last one is `id` */
  readonly keys: readonly string[];
  readonly descending: boolean;
  /** true: `index` has the rows in this order, so that a piece can be read of it */
  readonly isOrdered: boolean;
  /** false: `rest` lets some through that do not fit the search */
  readonly isExact: boolean;
}

/** So many rows are sorted rather than searched for. */
const fewRows = 20_000;
/** Of so many the numbers are looked up in their index rather than the rows themselves. */
const someRows = 100_000;
/** So many are sorted where their index has all that it takes. */
const manyRows = 200_000;

const sortIndexes: Readonly<Record<SortKey, string>> = {
  timestamp: "ix_task_timestamp",
  name: "ix_task_name",
  state: "ix_task_state",
  worker: "ix_task_worker",
  sent: "ix_task_sent",
  received: "ix_task_received",
  started: "ix_task_started",
  runtime: "ix_task_runtime",
};

export const dialect: SearchDialect = { always: "1", like: (column) => `ifnull(${column} like ? escape '\\', 0)` };

export function walkOf(connection: Connection, { sort, descending, ...filter }: Pick<TaskQuery, "sort" | "descending"> & TaskFilter): Walk {
  const search = filter.search === undefined ? null : searchCondition(filter.search, dialect);
  const found = foundBy(filter);
  const order = keysOf(sort, found);
  const counted = found
    .map((each) => ({ each, rows: found.length === 1 && isAlong(each, order) ? manyRows : rowsOf(connection, each) }))
    .sort((a, b) => a.rows - b.rows);
  const best = bestOf(counted, order, search === null);
  const others = counted.filter(({ each }) => each !== best);
  const known = others.filter(({ rows }) => best !== null && rows < someRows).map(({ each }) => inIndex(each));
  const rest = [
    ...others.filter(({ rows }) => best === null || rows >= someRows).map(({ each }) => each),
    ...(search === null ? [] : [search]),
  ];
  const isOrdered = best === null || isAlong(best, order);
  return {
    index: best?.index ?? sortIndexes[sort],
    driver: all([...(best === null ? [] : [best]), ...known]),
    least: isOrdered && order[0] === "timestamp" ? since(filter) : null,
    rest: rest.length === 0 ? null : all(rest),
    keys: order,
    descending,
    isOrdered,
    isExact: search?.isExact ?? true,
  };
}

interface Counted {
  readonly each: Found;
  readonly rows: number;
}

/** `counted`: fewest first. null: none of them is worth it, the list is read in its own order. */
function bestOf(counted: readonly Counted[], order: readonly string[], isUnsearched: boolean): Found | null {
  const [first, ...others] = counted;
  if (first === undefined) return null;
  const isInIndexes =
    first.each.isRecent !== true &&
    first.each.timestamps !== "none" &&
    order[0] === "timestamp" &&
    others.every(({ rows }) => rows < someRows);
  const isShort = first.rows < fewRows || (isUnsearched && isInIndexes && first.rows < manyRows);
  return isShort ? first.each : (counted.find(({ each }) => isAlong(each, order))?.each ?? null);
}

/** The index of `found` has the rows in this order. */
function isAlong(found: Found, [first]: readonly string[]): boolean {
  return found.timestamps === "ordered" && first === "timestamp";
}

function keysOf(sort: SortKey, found: readonly Found[]): readonly string[] {
  const isSame = found.some(({ column }) => column === sort);
  if (sort === "timestamp" || isSame) return ["timestamp", "id"];
  return sort === "name" || sort === "state" || sort === "worker" ? [sort, "timestamp", "id"] : [sort, "id"];
}

function foundBy({ states, name, worker, queue, receivedFrom, receivedTo, rootId }: TaskFilter): readonly Found[] {
  const found: Found[] = [];
  const same = (column: string, value: string | undefined) => {
    if (value !== undefined)
      found.push({ sql: `${column} = ?`, parameters: [value], index: `ix_task_${column}`, timestamps: "ordered", column });
  };
  same("name", name);
  same("worker", worker);
  same("queue", queue);
  if (states?.length === 1) same("state", states[0]!.toUpperCase());
  else if (states !== undefined && states.length > 0) {
    const sql = `state in (${states.map(() => "?").join(", ")})`;
    found.push({ sql, parameters: states.map((state) => state.toUpperCase()), index: "ix_task_state", timestamps: "there", column: null });
  }
  if (receivedFrom !== undefined || receivedTo !== undefined) {
    // What nobody received (0) was not received at any time.
    const parameters = [receivedFrom ?? Number.MIN_VALUE, receivedTo ?? Number.MAX_VALUE];
    const isRecent = receivedTo === undefined;
    found.push({ sql: "received between ? and ?", parameters, index: "ix_task_received", timestamps: "there", column: null, isRecent });
  }
  if (rootId !== undefined)
    found.push({ sql: "root_id = ? and root_id <> uuid", parameters: [rootId], index: "ix_task_root", timestamps: "none", column: null });
  return found;
}

/** Nothing has its last event before it was received, but for what clocks that differ make of it: so a list by time ends there. */
const driftSeconds = 60;

function since({ receivedFrom }: TaskFilter): Condition | null {
  return receivedFrom === undefined ? null : { sql: "timestamp >= ?", parameters: [receivedFrom - driftSeconds] };
}

/** The same, without a look at any row. */
function inIndex({ sql, parameters, index }: Found): Condition {
  return { sql: `id in (select id from task indexed by ${index} where ${sql})`, parameters };
}

function rowsOf(connection: Connection, { sql, parameters, index }: Found): number {
  const counting = connection.query(`select count(*) from (select 1 from task indexed by ${index} where ${sql} limit ${manyRows})`);
  return Number(counting.all(parameters)[0]![0]);
}

function all(conditions: readonly Condition[]): Condition {
  return {
    sql: conditions.length === 0 ? "1" : conditions.map(({ sql }) => `(${sql})`).join(" and "),
    parameters: conditions.flatMap(({ parameters }) => parameters),
  };
}
