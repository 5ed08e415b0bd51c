/** GET /api/tasks and what is known of one task, or of kinds of tasks. */
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { Refusal } from "../../access.ts";
import type { SortKey, TaskQuery } from "../../history/history.ts";
import type { TaskRecord } from "../../history/task-record.ts";
import type { MonitorParts } from "../../parts.ts";
import { keyedJson, listedTask, taskObject } from "../../present/task-object.ts";
import { argumentsOf, type RequestArguments } from "../../request-body.ts";
import { sendJson, sendJsonText } from "../../server.ts";
import { readsEmpty, tailOf } from "./access.ts";
import { readSearch } from "./search.ts";

/** So many rows are asked for, and held, at once. */
const pageRows = 500;
const sortable: readonly SortKey[] = ["name", "state", "received", "started"];

export function taskRoutes(server: FastifyInstance, { history, options }: MonitorParts): void {
  async function listed(tasks: readonly TaskRecord[]): Promise<readonly (readonly [string, unknown])[]> {
    const children = await history.childrenOf(tasks.map(({ uuid }) => uuid));
    return tasks.map((task, at) => [task.uuid, listedTask(task, children[at] ?? [])] as const);
  }

  /** Page after page, so that a long list takes no more memory than a short one. */
  async function* pages(query: TaskQuery): AsyncIterable<readonly TaskRecord[]> {
    let left = query.limit;
    for (let from: TaskQuery["from"] | null = query.from; from !== null && left > 0; ) {
      const { tasks, next } = await history.tasks({ ...query, from, limit: Math.min(left, pageRows) });
      left -= tasks.length;
      from = tasks.length === 0 ? null : next;
      yield tasks;
    }
  }

  async function* pieces(query: TaskQuery): AsyncIterable<string> {
    let separator = "{";
    for await (const tasks of pages(query)) {
      const json = keyedJson(await listed(tasks)).slice(1, -1);
      if (json === "") continue;
      yield `${separator}${json}`.replaceAll("</", "<\\/");
      separator = ", ";
    }
    yield separator === "{" ? "{}" : "}";
  }

  server.get("/api/tasks", readsEmpty, async (request, reply) => {
    const query = taskQuery(await argumentsOf(request), options.maxTasks);
    // To count what a search finds takes as long as to search all.
    const total = query.search === undefined ? await history.count(query) : null;
    if (total?.exact === true) reply.header("x-total-count", String(total.count));
    if (query.limit > pageRows) return reply.header("content-type", "application/json; charset=UTF-8").send(Readable.from(pieces(query)));
    const { tasks } = await history.tasks(query);
    return sendJsonText(reply, keyedJson(await listed(tasks)));
  });

  server.get("/api/task/types", readsEmpty, async (_request, reply) => sendJson(reply, { "task-types": await history.taskTypes() }));

  server.get("/api/task/info/*", readsEmpty, async (request, reply) => {
    const id = tailOf(request);
    const task = await history.task(id);
    if (task === null) throw new Refusal(404, `Unknown task '${id}'`);
    return sendJson(reply, taskObject(task, await history.children(id)));
  });
}

/** Throws ArgumentProblem. */
function taskQuery(given: RequestArguments, maxTasks: number): TaskQuery {
  const named = (name: string) => {
    const value = given.text(name);
    return value === null || value === "" || value === "All" ? undefined : value;
  };
  const state = named("state");
  const limit = named("limit") === undefined ? maxTasks : whole(given, "limit");
  const sortBy = named("sort_by");
  const sort = sortBy?.replace(/^-+/, "") as SortKey | undefined;
  if (sort !== undefined && !sortable.includes(sort)) throw problem(`sort_by: expected one of ${sortable.join(", ")}`);
  return {
    states: state === undefined ? undefined : [state],
    name: named("taskname"),
    worker: named("workername"),
    receivedFrom: localTime(named("received_start"), "received_start"),
    receivedTo: localTime(named("received_end"), "received_end"),
    search: readSearch(given.text("search")) ?? undefined,
    sort: sort ?? "timestamp",
    descending: sortBy === undefined || sortBy.startsWith("-"),
    limit: Math.min(Math.max(0, limit), maxTasks),
    from: named("offset") === undefined ? 0 : Math.max(0, whole(given, "offset")),
  };
}

function whole(given: RequestArguments, name: string): number {
  try {
    return given.whole(name) ?? 0;
  } catch {
    throw problem(`${name}: expected a whole number`);
  }
}

/** "2024-03-01 17:05", in the time zone of the monitor's machine, as in Flower. */
function localTime(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const [, year, month, day, hour, minute] = /^(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2})$/.exec(text.trim()) ?? [];
  const at = new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)).getTime();
  if (year === undefined || Number.isNaN(at)) throw problem(`${name}: expected a time such as 2024-03-01 17:05`);
  return at / 1_000;
}

function problem(message: string): Refusal {
  return new Refusal(400, message, "json");
}
