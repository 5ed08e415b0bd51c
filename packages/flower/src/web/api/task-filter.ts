/** Which tasks the list shows: all of it stands in the page's own address, so that a view can be sent to somebody. Pure. */

export interface TaskFilter {
  readonly states: readonly string[];
  readonly name: string | undefined;
  readonly worker: string | undefined;
  readonly queue: string | undefined;
  /** epoch seconds */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly search: string | undefined;
  /** "-timestamp": newest first */
  readonly sort: string;
  readonly after: string | undefined;
}

export const newestFirst = "-timestamp";
export const pageLength = 50;

/** From "?state=FAILURE,RETRY&…"; a state may also be given several times, as Flower's own links do with one. */
export function filterOf(search: string): TaskFilter {
  const given = new URLSearchParams(search);
  const text = (name: string) => given.get(name)?.trim() || undefined;
  const seconds = (name: string) => {
    const value = Number(text(name));
    return Number.isFinite(value) && value > 0 ? value : undefined;
  };
  return {
    states: [...new Set(given.getAll("state").flatMap((value) => value.split(",")))].filter((state) => state !== "" && state !== "All"),
    name: text("name"),
    worker: text("worker"),
    queue: text("queue"),
    from: seconds("from"),
    to: seconds("to"),
    search: text("search"),
    sort: text("sort") ?? newestFirst,
    after: text("after"),
  };
}

/** The address of the page with this filter, from the "?" on, or "". Any change of the filter but of the page begins again at the first page. */
export function searchOf(filter: TaskFilter): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(taskQuery(filter)))
    if (value !== undefined && name !== "limit" && !(name === "sort" && value === newestFirst)) given.set(name, String(value));
  const text = given.toString();
  return text === "" ? "" : `?${text}`;
}

/** What the API is asked. */
export function taskQuery(filter: TaskFilter): Readonly<Record<string, string | number | undefined>> {
  const { states, name, worker, queue, from, to, search, sort, after } = filter;
  return {
    state: states.length === 0 ? undefined : states.join(","),
    name,
    worker,
    queue,
    from,
    to,
    search,
    sort,
    limit: pageLength,
    after,
  };
}

/** How many of its parts narrow the list, beside search and states. */
export function narrowings(filter: TaskFilter): number {
  return [filter.name, filter.worker, filter.queue, filter.from, filter.to].filter((part) => part !== undefined).length;
}
