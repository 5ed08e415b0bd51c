/** What is asked of a history's file: by name, so that questions can come from another thread. */
import type { Clock, Connection } from "@celeriac/core/runtime";
import type { AuditEntry, WorkerRecord } from "../history.ts";
import type { StoreReader } from "../store.ts";
import { openTaskPages } from "../task-pages.ts";
import { isOnline } from "../worker-merge.ts";
import { readAudit } from "./audit-table.ts";
import { openSliceReading } from "./slice-table.ts";
import { taskListing } from "./task-list.ts";
import { openTaskReading } from "./task-table.ts";
import { unfinishedTasks } from "./unfinished.ts";
import { openWorkerTable } from "./worker-table.ts";

export interface ReaderOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** how long one search may look */
  readonly searchBudgetMs: number;
}

export function openReader({ connection, clock, searchBudgetMs }: ReaderOptions): StoreReader {
  const tasks = openTaskReading(connection);
  const pages = openTaskPages({ listing: (query) => taskListing(connection, query), clock, budgetMs: searchBudgetMs });
  const slices = openSliceReading(connection);
  const workers = openWorkerTable(connection);
  const totals = connection.query("select tasks, events, written_at from total");
  const oldest = connection.query("select min(timestamp) from task");
  const size = connection.query("select page_count * page_size from pragma_page_count, pragma_page_size");
  const now = () => clock.now() / 1_000;
  const total = () => Number(totals.all([])[0]![0]);
  const allWorkers = (): readonly WorkerRecord[] => {
    const at = now();
    return workers.all().map((worker) => ({ ...worker, online: isOnline(worker, at) }));
  };
  return {
    task: async (uuid) => tasks.task(uuid),
    children: async (uuid) => tasks.children(uuid),
    childrenOf: async (uuids) => uuids.map(tasks.children),
    tasks: (query) => pages.page(query),
    count: (filter, most = 10_000) => pages.count(filter, most, total),
    events: async (uuid) => tasks.events(uuid),
    taskTypes: async () => slices.taskTypes(),
    workers: async () => allWorkers(),
    series: async (query) => slices.series(query, now()),
    types: async (query) => slices.types(query, now()),
    unfinished: async (query) => unfinishedTasks(connection, query),
    audit: async (limit, before): Promise<readonly AuditEntry[]> => readAudit(connection, limit, before ?? null),
    async facts() {
      const [row] = totals.all([]);
      const since = oldest.all([])[0]![0];
      return {
        tasks: Number(row![0]),
        events: Number(row![1]),
        bytes: Number(size.all([])[0]![0]),
        since: since === null ? null : Number(since),
        writtenAt: row![2] === null ? null : Number(row![2]),
      };
    },
  };
}
