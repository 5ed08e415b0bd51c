/** All routes of the monitor, a group for each resource. */
import type { Routes } from "../parts.ts";
import { listRoutes } from "./flower/lists.ts";
import { queueRoutes } from "./flower/queues.ts";
import { taskCallRoutes } from "./flower/task-calls.ts";
import { taskControlRoutes } from "./flower/task-control.ts";
import { taskRoutes } from "./flower/tasks.ts";
import { workerControlRoutes } from "./flower/worker-control.ts";
import { workerRoutes } from "./flower/workers.ts";
import { metricRoutes } from "./metric-routes.ts";
import { pageRoutes } from "./pages.ts";
import { probeRoutes } from "./probes.ts";
import { v2Routes } from "./v2/routes.ts";

export const allRoutes: readonly Routes[] = [
  probeRoutes,
  metricRoutes,
  workerRoutes,
  workerControlRoutes,
  taskRoutes,
  taskCallRoutes,
  taskControlRoutes,
  queueRoutes,
  listRoutes,
  v2Routes,
  pageRoutes,
];
