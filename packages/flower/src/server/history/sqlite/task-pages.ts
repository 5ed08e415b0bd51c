/**
 * Pages of the list of tasks, and how many there are. What no index finds is looked for piece by piece, newest first, and others are answered in
 * between; when its time is over the page says how far it came, and its `next` goes on from there.
 */
import { CeleriacError, type Clock, type Connection, type Row, type Value } from "@celeriac/core/runtime";
import { matches } from "../../search/match.ts";
import type { TaskCount, TaskFilter, TaskPage, TaskQuery } from "../history.ts";
import { previewOf } from "../preview.ts";
import type { TaskRecord } from "../task-record.ts";
import { columnNames, previewList, recordOf } from "./task-row.ts";
import { type Walk, walkOf } from "./walk.ts";

export interface TaskPages {
  page(query: TaskQuery): Promise<TaskPage>;
  /** `total`: how many tasks there are at all. */
  count(filter: TaskFilter, most: number, total: number): Promise<TaskCount>;
}

export interface PagesOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** how long one question may look */
  readonly budgetMs: number;
}

/** Rows of the first piece, and of the largest. */
const pieceRows = { first: 1_000, most: 8_000 } as const;
/** What a piece may take: others wait for it. */
const pieceMs = 20;

/** Where a page begins: behind the row with these keys. */
type Place = readonly Value[];

export function openTaskPages({ connection, clock, budgetMs }: PagesOptions): TaskPages {
  async function page(query: TaskQuery): Promise<TaskPage> {
    const walk = walkOf(connection, query);
    const after = typeof query.from === "string" ? readPlace(query.from, walk) : null;
    const offset = typeof query.from === "number" ? Math.max(0, Math.trunc(query.from)) : 0;
    if (walk.rest !== null && walk.isOrdered) return lookFor(walk, query, after, offset);
    const rows = walk.isExact
      ? pageRows(walk, after, query.limit, offset)
      : piece(walk, after, null, null)
          .filter((row) => fits(row, walk, query))
          .slice(offset, offset + query.limit);
    const last = rows.length < query.limit ? null : rows.at(-1);
    return { tasks: rows.map((row) => taskOf(row, walk)), next: last == null ? null : writePlace(keysIn(last, walk)), searched: null };
  }

  /** Piece by piece. */
  async function lookFor(walk: Walk, query: TaskQuery, from: Place | null, offset: number): Promise<TaskPage> {
    const until = clock.monotonic() + budgetMs;
    const found: Row[] = [];
    let skip = offset;
    let searched = 0;
    let after = from;
    for (let size: number = pieceRows.first, beganAt = clock.monotonic(); ; size = nextSize(size, beganAt)) {
      beganAt = clock.monotonic();
      const end = placeAfter(walk, after, size);
      const fitting = piece(walk, after, end, walk.isExact ? skip + query.limit - found.length : null).filter((row) =>
        fits(row, walk, query),
      );
      found.push(...fitting.slice(skip, skip + query.limit - found.length));
      skip = Math.max(0, skip - fitting.length);
      searched += size;
      if (found.length >= query.limit || end === null) break;
      after = end;
      if (clock.monotonic() > until) return { tasks: found.map((row) => taskOf(row, walk)), next: writePlace(end), searched };
      await turnOfOthers();
    }
    const last = found.length < query.limit ? null : found.at(-1);
    return { tasks: found.map((row) => taskOf(row, walk)), next: last == null ? null : writePlace(keysIn(last, walk)), searched: null };
  }

  async function count(filter: TaskFilter, most: number, total: number): Promise<TaskCount> {
    const walk = walkOf(connection, { ...filter, sort: "timestamp", descending: true });
    if (walk.rest === null && walk.driver.parameters.length === 0 && walk.least === null) return { count: total, exact: true };
    if (walk.rest === null || !walk.isOrdered) return counted(countRows(walk, filter, null, null, most + 1), most, true);
    const until = clock.monotonic() + budgetMs;
    let so = 0;
    let after: Place | null = null;
    for (let size: number = pieceRows.first, beganAt = clock.monotonic(); ; size = nextSize(size, beganAt)) {
      beganAt = clock.monotonic();
      const end = placeAfter(walk, after, size);
      so += countRows(walk, filter, after, end, most + 1 - so);
      if (so > most || end === null) return counted(so, most, true);
      if (clock.monotonic() > until) return counted(so, most, false);
      after = end;
      await turnOfOthers();
    }
  }

  /** As many as take as long as a piece may, after what the last one took. */
  function nextSize(size: number, beganAt: number): number {
    const took = clock.monotonic() - beganAt;
    return took > 2 * pieceMs ? Math.ceil(size / 2) : Math.min(took < pieceMs ? size * 2 : size, pieceRows.most);
  }

  function countRows(walk: Walk, filter: TaskFilter, after: Place | null, end: Place | null, limit: number): number {
    if (!walk.isExact) return piece(walk, after, end, null).filter((row) => fits(row, walk, filter)).length;
    const { sql, parameters } = selection(walk, "1", after, end);
    return Number(connection.query(`select count(*) from (${sql} limit ?)`).all([...parameters, limit])[0]![0]);
  }

  /** Rows of a page with nothing to look for: the index alone skips those before it. */
  function pageRows(walk: Walk, after: Place | null, limit: number, offset: number): readonly Row[] {
    const { sql, parameters } = selection(walk, "id", after, null);
    const order = orderOf(walk);
    const ids = `${sql} order by ${order} limit ? offset ?`;
    return connection.query(`select ${listOf(walk)} from task where id in (${ids}) order by ${order}`).all([...parameters, limit, offset]);
  }

  function piece(walk: Walk, after: Place | null, end: Place | null, limit: number | null): readonly Row[] {
    const { sql, parameters } = selection(walk, listOf(walk), after, end);
    return connection.query(`${sql} order by ${orderOf(walk)} limit ?`).all([...parameters, limit ?? -1]);
  }

  /** The last row of a piece of so many; null: there are not so many. */
  function placeAfter(walk: Walk, after: Place | null, size: number): Place | null {
    const { sql, parameters } = selection({ ...walk, rest: null }, walk.keys.join(", "), after, null);
    const [row] = connection.query(`${sql} order by ${orderOf(walk)} limit 1 offset ?`).all([...parameters, size - 1]);
    return (row as Place | undefined) ?? null;
  }

  return { page, count };
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

function taskOf([, ...row]: Row, { isExact }: Walk): TaskRecord {
  return isExact ? recordOf(row) : previewOf(recordOf(row));
}

function fits(row: Row, walk: Walk, { search }: TaskFilter): boolean {
  return walk.isExact || search === undefined || matches(search, recordOf(row.slice(1)));
}

function keysIn(row: Row, { keys }: Walk): Place {
  return keys.map((key) => (key === "id" ? row[0] : row[columnNames.indexOf(key) + 1]) as Value);
}

function counted(count: number, most: number, isAll: boolean): TaskCount {
  return { count: Math.min(count, most), exact: isAll && count <= most };
}

function writePlace(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** Throws CONFIG_INVALID for what no page has given. */
function readPlace(text: string, { keys }: Walk): Place {
  try {
    const place = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown;
    const isPlace = Array.isArray(place) && place.length === keys.length && place.every((key) => ["string", "number"].includes(typeof key));
    if (isPlace) return place as Place;
  } catch {
    // Then it is none.
  }
  throw new CeleriacError(
    "CONFIG_INVALID",
    `${JSON.stringify(text)} is no place in this list: expected what \`next\` of a page with this order was`,
  );
}

/** Lets what came meanwhile be answered. */
function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
