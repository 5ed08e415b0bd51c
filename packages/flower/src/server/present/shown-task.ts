/** A task as `format_task` wants it shown: whoever set that may cut or mask what the pages and our own API tell. */
import type { Logger } from "@celeriac/core/runtime";
import type { TaskRecord } from "../history/task-record.ts";
import type { ResolvedMonitorOptions } from "../options.ts";

/** One that fails changes nothing, and is logged. */
export function createShown({ formatTask }: Pick<ResolvedMonitorOptions, "formatTask">, logger: Logger): (task: TaskRecord) => TaskRecord {
  return (task) => {
    try {
      return formatTask?.({ ...task }) ?? task;
    } catch (error) {
      logger.error("format_task failed", { task: task.uuid, error });
      return task;
    }
  };
}
