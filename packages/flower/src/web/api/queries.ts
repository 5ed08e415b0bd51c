/** What the pages ask for, one entry a resource: where it is, under which key its answer is kept. The stream writes under the same keys. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Overview, Series, SessionView, TaskList, TaskView, WorkerList, WorkerView } from "../../shared/contract.ts";
import type { DagList, DagRunView, DagView } from "../../shared/dag-contract.ts";
import { apiUrl } from "../address.ts";
import { now } from "../clock.ts";
import { ask } from "./ask.ts";
import { type TaskFilter, taskQuery } from "./task-filter.ts";

export const keys = {
  session: ["session"],
  overview: ["overview"],
  workers: ["workers"],
  worker: (name: string) => ["worker", name],
  lists: ["tasks"],
  newest: ["newest"],
  task: (uuid: string) => ["task", uuid],
} as const;

export const sessionQuery = queryOptions({
  queryKey: keys.session,
  queryFn: ({ signal }) => ask<SessionView>(apiUrl(["session"]), signal),
  staleTime: 60_000,
});

export const overviewQuery = queryOptions({
  queryKey: keys.overview,
  queryFn: ({ signal }) => ask<Overview>(apiUrl(["overview"]), signal),
});

export const workersQuery = queryOptions({
  queryKey: keys.workers,
  queryFn: ({ signal }) => ask<WorkerList>(apiUrl(["workers"]), signal),
});

export const workerQuery = (name: string) =>
  queryOptions({
    queryKey: keys.worker(name),
    queryFn: ({ signal }) => ask<WorkerView>(apiUrl(["workers", name]), signal),
  });

/** The same, after the worker was asked anew. */
export const askWorker = (name: string) => ask<WorkerView>(apiUrl(["workers", name], { refresh: "true" }));

export const taskQueryOf = (uuid: string) =>
  queryOptions({
    queryKey: keys.task(uuid),
    queryFn: ({ signal }) => ask<TaskView>(apiUrl(["tasks", uuid]), signal),
  });

export const taskListQuery = (filter: TaskFilter) =>
  queryOptions({
    queryKey: [...keys.lists, filter],
    queryFn: ({ signal }) => ask<TaskList>(apiUrl(["tasks"], taskQuery(filter)), signal),
    placeholderData: keepPreviousData,
  });

/** The same list from its beginning, whatever page is shown: how much is newer. */
export const newestQuery = (filter: TaskFilter) =>
  queryOptions({
    queryKey: [...keys.newest, { ...filter, after: undefined }],
    queryFn: ({ signal }) => ask<TaskList>(apiUrl(["tasks"], taskQuery({ ...filter, after: undefined })), signal),
  });

export const dagsQuery = queryOptions({
  queryKey: ["dags"],
  queryFn: ({ signal }) => ask<DagList>(apiUrl(["dags"]), signal),
});

export const dagQuery = (id: string) =>
  queryOptions({
    queryKey: ["dag", id],
    queryFn: ({ signal }) => ask<DagView>(apiUrl(["dags", id]), signal),
  });

export const dagRunQuery = (id: string, run: string) =>
  queryOptions({
    queryKey: ["dag", id, run],
    queryFn: ({ signal }) => ask<DagRunView>(apiUrl(["dags", id, "runs", run]), signal),
    placeholderData: keepPreviousData,
  });

/** The last `seconds`, in slices of a sensible width. */
export const seriesQuery = (seconds: number) =>
  queryOptions({
    queryKey: ["series", seconds],
    queryFn: ({ signal }) => {
      const to = Math.floor(now());
      return ask<Series>(apiUrl(["series"], { from: to - seconds, to, step: stepFor(seconds) }), signal);
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** Minutes are kept for two days, hours for thirty. */
export function stepFor(seconds: number): number {
  if (seconds <= 7_200) return 60;
  if (seconds <= 172_800) return Math.ceil(seconds / 120 / 60) * 60;
  return Math.ceil(seconds / 180 / 3_600) * 3_600;
}
