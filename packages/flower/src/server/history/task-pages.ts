/**
 * Pages of the list of tasks, and how many there are: the same in every database. What no index finds is looked for piece by piece, newest first, and
 * others are answered in between; when its time is over the page says how far it came, and its `next` goes on from there.
 */
import { CeleriacError, type Clock } from "@celeriac/core/runtime";
import { matches } from "../search/match.ts";
import type { TaskCount, TaskFilter, TaskPage, TaskQuery } from "./history.ts";
import { previewOf } from "./preview.ts";
import type { TaskRecord } from "./task-record.ts";

/** Where a page begins: behind the row with these keys. */
export type Place = readonly (string | number)[];

export interface FoundTask {
  readonly place: Place;
  /** whole where it must be looked at once more, else a preview */
  readonly task: TaskRecord;
}

type Answer<T> = T | Promise<T>;

/** One list in one order, as its database reads it. */
export interface TaskListing {
  /** of the order: as many a place has */
  readonly keys: number;
  /** Nothing is asked for but all. */
  readonly isAll: boolean;
  /** It is looked for, piece by piece. */
  readonly isSearched: boolean;
  /** false: some of what it gives do not fit the search */
  readonly isExact: boolean;
  /** Of a list that is not looked for. */
  rows(after: Place | null, limit: number | null, offset: number): Answer<readonly FoundTask[]>;
  /** What fits of the piece behind `after` up to `end`. */
  piece(after: Place | null, end: Place | null, limit: number | null): Answer<readonly FoundTask[]>;
  /** The last row of a piece of so many; null: there are not so many. */
  placeAfter(after: Place | null, size: number): Answer<Place | null>;
  /** As `piece`, of an exact one. */
  count(after: Place | null, end: Place | null, limit: number): Answer<number>;
}

export interface PagesOptions {
  listing(query: Pick<TaskQuery, "sort" | "descending"> & TaskFilter): Answer<TaskListing>;
  readonly clock: Clock;
  /** how long one question may look */
  readonly budgetMs: number;
}

export interface TaskPages {
  page(query: TaskQuery): Promise<TaskPage>;
  /** `total`: how many tasks there are at all. */
  count(filter: TaskFilter, most: number, total: () => Answer<number>): Promise<TaskCount>;
}

/** Rows of the first piece, and of the largest. */
const pieceRows = { first: 1_000, most: 8_000 } as const;
/** What a piece may take: others wait for it. */
const pieceMs = 20;

export function openTaskPages({ listing, clock, budgetMs }: PagesOptions): TaskPages {
  async function page(query: TaskQuery): Promise<TaskPage> {
    const list = await listing(query);
    const after = typeof query.from === "string" ? readPlace(query.from, list) : null;
    const offset = typeof query.from === "number" ? Math.max(0, Math.trunc(query.from)) : 0;
    if (list.isSearched) return lookFor(list, query, after, offset);
    if (list.isExact) return pageOf(await list.rows(after, query.limit, offset), list, query.limit);
    const fitting = fittingOf(await list.rows(after, null, 0), list, query);
    return pageOf(fitting.slice(offset, offset + query.limit), list, query.limit);
  }

  /** Piece by piece. */
  async function lookFor(list: TaskListing, query: TaskQuery, from: Place | null, offset: number): Promise<TaskPage> {
    const until = clock.monotonic() + budgetMs;
    const found: FoundTask[] = [];
    let skip = offset;
    let searched = 0;
    let after = from;
    for (let size: number = pieceRows.first, beganAt = clock.monotonic(); ; size = nextSize(size, beganAt)) {
      beganAt = clock.monotonic();
      const end = await list.placeAfter(after, size);
      const rows = await list.piece(after, end, list.isExact ? skip + query.limit - found.length : null);
      const fitting = fittingOf(rows, list, query);
      found.push(...fitting.slice(skip, skip + query.limit - found.length));
      skip = Math.max(0, skip - fitting.length);
      searched += size;
      if (found.length >= query.limit || end === null) break;
      after = end;
      if (clock.monotonic() > until) return { tasks: found.map((row) => shown(row, list)), next: writePlace(end), searched };
      await turnOfOthers();
    }
    return pageOf(found, list, query.limit);
  }

  async function count(filter: TaskFilter, most: number, total: () => Answer<number>): Promise<TaskCount> {
    const list = await listing({ ...filter, sort: "timestamp", descending: true });
    if (list.isAll) return { count: await total(), exact: true };
    if (!list.isSearched) return counted(await countRows(list, filter, null, null, most + 1), most, true);
    const until = clock.monotonic() + budgetMs;
    let so = 0;
    let after: Place | null = null;
    for (let size: number = pieceRows.first, beganAt = clock.monotonic(); ; size = nextSize(size, beganAt)) {
      beganAt = clock.monotonic();
      const end: Place | null = await list.placeAfter(after, size);
      so += await countRows(list, filter, after, end, most + 1 - so);
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

  async function countRows(list: TaskListing, filter: TaskFilter, after: Place | null, end: Place | null, limit: number): Promise<number> {
    if (list.isExact) return list.count(after, end, limit);
    const rows = list.isSearched ? await list.piece(after, end, null) : await list.rows(after, null, 0);
    return fittingOf(rows, list, filter).length;
  }

  return { page, count };
}

function pageOf(found: readonly FoundTask[], list: TaskListing, limit: number): TaskPage {
  const last = found.length < limit ? undefined : found.at(-1);
  return { tasks: found.map((row) => shown(row, list)), next: last === undefined ? null : writePlace(last.place), searched: null };
}

function fittingOf(rows: readonly FoundTask[], { isExact }: TaskListing, { search }: TaskFilter): readonly FoundTask[] {
  return isExact || search === undefined ? rows : rows.filter(({ task }) => matches(search, task));
}

function shown({ task }: FoundTask, { isExact }: TaskListing): TaskRecord {
  return isExact ? task : previewOf(task);
}

function counted(count: number, most: number, isAll: boolean): TaskCount {
  return { count: Math.min(count, most), exact: isAll && count <= most };
}

function writePlace(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** Throws CONFIG_INVALID for what no page has given. */
function readPlace(text: string, { keys }: TaskListing): Place {
  try {
    const place = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown;
    const isPlace = Array.isArray(place) && place.length === keys && place.every((key) => ["string", "number"].includes(typeof key));
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
