/** The door for our own commands: the store of DAGs, what can be done to it, and the service that schedules them. */
export { type BackfilledRun, backfillDag } from "./acts/backfill.ts";
export { clearInstances } from "./acts/clear.ts";
export { markInstances, markRun } from "./acts/mark.ts";
export { pauseDag } from "./acts/pause.ts";
export { triggerRun } from "./acts/trigger.ts";
export { openAppStore } from "./app-store.ts";
export { createTimetable } from "./create-timetable.ts";
export { createDagService, type DagService } from "./dag-service.ts";
export type { DagModel } from "./model.ts";
export type { DagRecord, InstanceRecord, RunRecord, TryRecord } from "./records.ts";
export { dagsOf } from "./registry.ts";
export type { DagShape } from "./scheduler/dag-shape.ts";
export { putDags } from "./scheduler/put-dags.ts";
export { scheduledDag } from "./scheduler/scheduled-dag.ts";
export type { DagStore } from "./store.ts";
export { tryDag } from "./trial.ts";
