/** The JSON behind Flower's own pages: its table of tasks (DataTables' server-side protocol) and its list of workers. Scripts of users ask them as well. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refusal, type RouteAccess } from "../../access.ts";
import { type SortKey, sortKeys, type TaskFilter } from "../../history/history.ts";
import type { MonitorParts } from "../../parts.ts";
import { createShown } from "../../present/shown-task.ts";
import { taskObject } from "../../present/task-object.ts";
import { workerObject } from "../../present/worker-object.ts";
import { argumentsOf, type RequestArguments } from "../../request-body.ts";
import { sendJson } from "../../server.ts";
import { readSearch } from "./search.ts";

const config = { access: { kind: "page", action: null, refusal: "text" } satisfies RouteAccess };
/** DataTables asks for -1 where it wants all. */
const mostRows = 1_000;

export function listRoutes(server: FastifyInstance, { history, options, logger, cluster, clock }: MonitorParts): void {
  const shown = createShown(options, logger);

  async function datatable(request: FastifyRequest, reply: FastifyReply) {
    const given = await argumentsOf(request);
    const draw = given.requiredWhole("draw");
    const [start, length] = [given.requiredWhole("start"), given.requiredWhole("length")];
    const order = orderOf(given);
    const recordsTotal = (await history.facts()).tasks;
    let filter: TaskFilter;
    try {
      filter = { search: readSearch(given.requiredText("search[value]")) ?? undefined };
    } catch (error) {
      if (!(error instanceof Refusal) || error.form !== "json") throw error;
      return sendJson(reply, { draw, data: [], recordsTotal, recordsFiltered: 0, searchError: error.message });
    }
    const limit = length < 0 ? mostRows : Math.min(length, mostRows);
    const { tasks } = await history.tasks({ ...filter, ...order, limit, from: Math.max(0, start) });
    const children = await history.childrenOf(tasks.map(({ uuid }) => uuid));
    const data = tasks.map((task, at) => taskObject(shown(task), children[at] ?? []));
    const recordsFiltered = filter.search === undefined ? recordsTotal : (await history.count(filter)).count;
    return sendJson(reply, { draw, data, recordsTotal, recordsFiltered });
  }

  server.get("/tasks/datatable", { config }, datatable);
  server.post("/tasks/datatable", { config }, datatable);

  /** Those that are gone for longer than is wished for are left out. */
  const workerList = async (reply: FastifyReply) => {
    const { purgeOfflineWorkers: purgeAfter } = options;
    const now = clock.now() / 1_000;
    const workers = (await history.workers()).filter(({ online, heardAt }) => online || purgeAfter === null || now - heardAt <= purgeAfter);
    return sendJson(reply, { data: workers.map(workerObject) });
  };

  // The address is a page's; who wants JSON says so in the query.
  server.addHook("preHandler", async (request, reply) => {
    if (request.method !== "GET" || request.routeOptions.url !== `${server.prefix}/workers`) return;
    const given = await argumentsOf(request);
    // In the background: a page does not wait for workers.
    if (given.boolean("refresh", false))
      cluster.inspection.refresh().catch((error: unknown) => logger.warn("workers could not be asked", { error }));
    if (given.boolean("json", false)) await workerList(reply);
  });
}

/** Columns that cannot be sorted by leave the order of time. */
function orderOf(given: RequestArguments): { readonly sort: SortKey; readonly descending: boolean } {
  const column = given.requiredWhole("order[0][column]");
  const name = given.requiredText(`columns[${column}][data]`);
  const sort = sortKeys.find((key) => key === name) ?? "timestamp";
  return { sort, descending: given.requiredText("order[0][dir]") === "desc" };
}
