/** The task, or the worker, that a path names. */
import { Refusal } from "../../access.ts";
import type { WorkerRecord } from "../../history/history.ts";
import type { TaskRecord } from "../../history/task-record.ts";
import type { MonitorParts } from "../../parts.ts";

/** Throws Refusal 404. */
export async function taskOf({ history }: Pick<MonitorParts, "history">, uuid: string): Promise<TaskRecord> {
  const task = await history.task(uuid);
  if (task === null) throw new Refusal(404, `Unknown task '${uuid}'`);
  return task;
}

/** Throws Refusal 404, in Flower's words. */
export async function workerOf({ history }: Pick<MonitorParts, "history">, name: string): Promise<WorkerRecord> {
  const worker = (await history.workers()).find(({ hostname }) => hostname === name);
  if (worker === undefined) throw new Refusal(404, `Unknown worker '${name}'`);
  return worker;
}
