/** Addresses: of the pages as the router knows them, below the prefix that the server tells, and of the API. Every name in one is encoded here. */

/** "/flower", or "" */
export const prefix: string = document.querySelector('meta[name="celeriac-prefix"]')?.getAttribute("content") ?? "";

/** For a `Link`: the router puts the prefix before it. */
export const pages = {
  overview: "/",
  workers: "/workers",
  tasks: "/tasks",
  dags: "/dags",
  worker: (name: string) => `/worker/${encodeURIComponent(name)}`,
  task: (uuid: string) => `/task/${encodeURIComponent(uuid)}`,
  dag: (id: string) => `/dag/${encodeURIComponent(id)}`,
  dagRun: (id: string, run: string) => `/dag/${encodeURIComponent(id)}?run=${encodeURIComponent(run)}`,
  tasksWhere: (filter: Readonly<Record<string, string>>) => `/tasks?${new URLSearchParams(filter).toString()}`,
} as const;

/** What the parts of an API's path and its query are; what is undefined is left out. */
export function apiUrl(path: readonly string[], query: Readonly<Record<string, string | number | undefined>> = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string | number] => pair[1] !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${prefix}/api/v2/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}

/** The name at the end of this page's own path, "/worker/a%2Fb" → "a/b". Read here, not by the router, which decodes twice. */
export function nameInPath(pathname: string, page: "worker" | "task" | "dag"): string {
  const encoded = pathname.slice(`${prefix}/${page}/`.length);
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
