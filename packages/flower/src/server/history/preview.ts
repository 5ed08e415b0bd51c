/** A task as lists and streams show it: long texts are cut. The whole of them is told where one task is asked for. */
import type { TaskRecord } from "./task-record.ts";

export const longTexts = ["exception", "args", "kwargs", "result", "traceback"] as const satisfies readonly (keyof TaskRecord)[];
/** characters */
export const previewLength = 4_096;

export function previewOf(task: TaskRecord): TaskRecord {
  if (longTexts.every((field) => (task[field]?.length ?? 0) <= previewLength)) return task;
  return { ...task, ...Object.fromEntries(longTexts.map((field) => [field, task[field]?.slice(0, previewLength) ?? null])) };
}
