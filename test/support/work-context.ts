/** What the work of a DAG's task is given, for tests of one operator. */
import { createOpenHooks } from "../../packages/airflow-bridge/src/dag/hooks/open-hooks.ts";
import type { RunAccess, WorkContext } from "../../packages/airflow-bridge/src/dag/model.ts";
import { endings } from "../../packages/airflow-bridge/src/dag/runner/task-ending.ts";
import { systemClock } from "../../packages/core/src/clock.ts";
import { silentLogger } from "../../packages/core/src/logger.ts";

const noRuns: RunAccess = {
  trigger: () => Promise.reject(new Error("no runs here")),
  find: () => Promise.resolve(null),
};

export function workContext(given: Partial<WorkContext> = {}): WorkContext {
  const at = new Date("2026-03-01T00:00:00Z");
  return {
    ...{ dagId: "etl", runId: "scheduled__2026-03-01T00:00:00+00:00", taskId: "task", mapIndex: -1, tryNumber: 1 },
    ...{ logicalDate: at, intervalStart: at, intervalEnd: at, params: {}, signal: new AbortController().signal, log: silentLogger },
    connection: () => Promise.reject(new Error("no connections here")),
    variable: () => Promise.reject(new Error("no variables here")),
    ...{ environment: process.env, clock: systemClock, runs: noRuns, ...endings },
    hooks: createOpenHooks({ clock: systemClock, logger: silentLogger }),
    ...given,
  };
}
