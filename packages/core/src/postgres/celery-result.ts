/**
 * A result as a row of Celery's own `celery_taskmeta`: for whoever asks it for the state of a task, such as Airflow. A value would have
 * to be a pickle, which we do not write; of a failure there is the least that reads back as an exception. Nobody here reads it.
 */
import type { ResultRecord } from "../backend.ts";
import { readResult } from "../result-meta.ts";
import { pickleException } from "./exception-pickle.ts";

/** Columns of the row, in the order of `celeryColumns`. */
export type CeleryResult = readonly [status: string, result: Buffer | null, doneAt: Date | null, traceback: string | null];

/** Widths of Celery's columns. */
const idWidth = 155;
const statusWidth = 50;

/** null for an id that has no room in the table. */
export function celeryResultOf({ taskId, state, text }: ResultRecord): CeleryResult | null {
  if (taskId.length > idWidth) return null;
  const { result, traceback, doneAt } = readResult(taskId, text);
  const exception = state === "FAILURE" ? pickleException(result) : null;
  // A text of PostgreSQL has no NUL.
  return [state.slice(0, statusWidth), exception, doneAt === null ? null : new Date(doneAt), traceback?.replaceAll("\0", "") ?? null];
}
