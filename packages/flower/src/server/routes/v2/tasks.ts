/** The list of tasks, one task, and the names of tasks. */
import type { TaskList, TaskTypes, TaskView } from "../../../shared/contract.ts";
import { Refusal } from "../../access.ts";
import { type SortKey, sortKeys, type TaskFilter } from "../../history/history.ts";
import type { TaskEvent } from "../../history/task-record.ts";
import { taskRow, wholeTaskRow } from "../../present/task-row.ts";
import { parseSearch } from "../../search/parse.ts";
import { SearchProblem } from "../../search/tokens.ts";
import { reading } from "./api-route.ts";
import { taskOf } from "./lookup.ts";
import { taskOffers } from "./task-actions.ts";

const mostRows = 500;

export const taskRoutes = [
  reading({
    path: "/tasks",
    summary: "Tasks that fit, a page at a time.",
    query: {
      state: { kind: "text", doc: "One state, or several with commas between them; All is any." },
      name: { kind: "text", doc: "Name of the task." },
      worker: { kind: "text", doc: "Name of the worker." },
      queue: { kind: "text", doc: "Name of the queue." },
      from: { kind: "number", doc: "Received then or later, epoch seconds." },
      to: { kind: "number", doc: "Received then or before, epoch seconds." },
      root: { kind: "text", doc: "Id of the task that began a workflow: what it led to." },
      search: { kind: "text", doc: "In Flower's language, with - before what must not be found, queue:, exception: and uuid:." },
      sort: {
        kind: "text",
        doc: "What to sort by; with - before it the greatest first.",
        choices: sortKeys.flatMap((key) => [key, `-${key}`]),
      },
      limit: { kind: "whole", doc: "Rows of a page.", range: [0, mostRows] },
      after: { kind: "text", doc: "What `next` of the page before said." },
    },
    answer: "TaskList",
    async answerTo({ query }, { history, shown }): Promise<TaskList> {
      const filter = filterOf(query);
      const sort = query.sort ?? "-timestamp";
      const descending = sort.startsWith("-");
      const [page, total] = await Promise.all([
        history.tasks({ ...filter, sort: sort.replace("-", "") as SortKey, descending, limit: query.limit ?? 50, from: query.after ?? 0 }),
        history.count(filter),
      ]);
      return { rows: page.tasks.map((task) => taskRow(shown(task))), next: page.next, total, searched: page.searched };
    },
  }),
  reading({
    path: "/tasks/{uuid}",
    summary: "All that is known of one task, and what can be done with it.",
    answer: "TaskView",
    async answerTo({ path: { uuid }, asker }, parts): Promise<TaskView> {
      const task = await taskOf(parts, uuid!);
      const [children, events, actions] = await Promise.all([
        parts.history.children(task.uuid),
        parts.history.events(task.uuid),
        taskOffers(task, asker, parts),
      ]);
      const shown = parts.shown(task);
      const { traceback, rootId, parentId, client } = shown;
      return { ...wholeTaskRow(shown), traceback, rootId, parentId, children, client, events: events.map(told), actions };
    },
  }),
  reading({
    path: "/types",
    summary: "Names of tasks that were ever seen.",
    answer: "TaskTypes",
    answerTo: async (_asked, { history }): Promise<TaskTypes> => ({ names: await history.taskTypes() }),
  }),
];

function told({ type, timestamp, hostname, fields }: TaskEvent): TaskView["events"][number] {
  return { type, timestamp, hostname, fields };
}

interface FilterQuery {
  readonly state: string | null;
  readonly name: string | null;
  readonly worker: string | null;
  readonly queue: string | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly root: string | null;
  readonly search: string | null;
}

/** Throws Refusal 400 for a search that cannot be read. */
function filterOf({ state, name, worker, queue, from, to, root, search }: FilterQuery): TaskFilter {
  const states = (state ?? "").split(",").filter((each) => each !== "" && each !== "All");
  return {
    states: states.length === 0 ? undefined : states,
    name: name ?? undefined,
    worker: worker ?? undefined,
    queue: queue ?? undefined,
    receivedFrom: from ?? undefined,
    receivedTo: to ?? undefined,
    rootId: root ?? undefined,
    search: search === null ? undefined : (searchOf(search) ?? undefined),
  };
}

function searchOf(search: string) {
  try {
    return parseSearch(search);
  } catch (error) {
    if (error instanceof SearchProblem) throw new Refusal(400, error.message);
    throw error;
  }
}
