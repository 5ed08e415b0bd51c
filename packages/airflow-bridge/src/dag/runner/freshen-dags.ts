/** Before a process runs something: DAGs that are made of rows are read again where what it knows of them is old, or has not what is to run. */
import { type Logger, reasonOf } from "@celeriac/core/runtime";
import type { InstancePlace } from "../records.ts";
import { findDag, liveDagsOf, refreshDags } from "../registry.ts";

/** Never rejects: where rows cannot be read, what is known goes on. */
export async function freshenDags(app: object, places: readonly InstancePlace[], maxAgeMs: number, logger: Logger): Promise<void> {
  if (liveDagsOf(app).length === 0 || places.length === 0) return;
  const isUnknown = places.some(({ dagId, taskId }) => findDag(app, dagId)?.tasks.has(taskId) !== true);
  try {
    await refreshDags(app, isUnknown ? 0 : maxAgeMs);
  } catch (error) {
    logger.warn("the rows of DAGs cannot be read: they are taken as they were", { reason: reasonOf(error) });
  }
}
