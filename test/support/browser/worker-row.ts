/** A worker as the monitor's API lists it. */
import type { WorkerRow } from "../../../packages/flower/src/shared/contract.ts";

export function workerRow(name: string, known: Partial<WorkerRow> = {}): WorkerRow {
  return {
    name,
    online: true,
    active: 1,
    slots: 4,
    processed: 10,
    succeeded: 8,
    failed: 2,
    retried: 1,
    loadavg: [],
    software: "py-celery 5.6.3",
    pid: 1,
    heardAt: 0,
    queues: ["mail"],
    ...known,
  };
}
