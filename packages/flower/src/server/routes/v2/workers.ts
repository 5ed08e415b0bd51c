/** The workers, one worker, the queues, and all of it at a glance. */
import type { QueueList, WorkerList, WorkerView } from "../../../shared/contract.ts";
import { workerRow, workerView } from "../../present/worker-row.ts";
import { reading } from "./api-route.ts";
import { workerOf } from "./lookup.ts";
import { queueRows } from "./overview.ts";

export const workerRoutes = [
  reading({
    path: "/workers",
    summary: "All workers that were heard of, by name.",
    answer: "WorkerList",
    async answerTo(_asked, { history, cluster: { inspection } }): Promise<WorkerList> {
      const workers = await history.workers();
      return { rows: workers.map((worker) => workerRow(worker, inspection.workers.get(worker.hostname))) };
    },
  }),
  reading({
    path: "/workers/{name}",
    summary: "One worker, and what it answered when it was last asked.",
    query: { refresh: { kind: "flag", doc: "Ask it now." } },
    answer: "WorkerView",
    async answerTo({ path: { name }, query: { refresh } }, parts): Promise<WorkerView> {
      const worker = await workerOf(parts, name!);
      if (refresh === true) await parts.cluster.inspection.refresh(worker.hostname);
      else if (worker.online) parts.cluster.inspection.seen(worker.hostname);
      return workerView(worker, parts.cluster.inspection.workers.get(worker.hostname));
    },
  }),
  reading({
    path: "/overview",
    summary: "Is it healthy? Two seconds old at most.",
    answer: "Overview",
    answerTo: (_asked, { overview }) => overview(),
  }),
  reading({
    path: "/queues",
    summary: "Queues that lie in the broker, that the app names, or that a worker consumes.",
    answer: "QueueList",
    answerTo: async (_asked, parts): Promise<QueueList> => ({ rows: await queueRows(parts) }),
  }),
];
