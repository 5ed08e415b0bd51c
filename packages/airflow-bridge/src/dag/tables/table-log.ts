/** The log of tries in the tables: a row for each try of a process that has ended. */
import type { TryLog } from "../model.ts";
import type { TryRecord } from "../records.ts";
import type { DatabaseContext } from "../store/store-context.ts";
import type { LogRow } from "./control-tables.ts";
import { type ControlPlace, withControlMade } from "./open-control.ts";
import { placeOfTask } from "./stream-plan.ts";

export function createTableLog(place: ControlPlace, context: DatabaseContext): TryLog {
  return {
    async write(runs) {
      await withControlMade(place, context, async (database) => {
        for (const tries of runs) if (tries.length > 0) await database.write((tables) => tables.putLog(tries.map(rowOf)));
      });
    },
  };
}

function rowOf({ dagId: stream, runId, taskId, mapIndex, tryNumber, state, startedAt, endedAt, reason: message }: TryRecord): LogRow {
  const { group, process } = placeOfTask(taskId);
  return { stream, runId, processGroup: group ?? "", process, mapIndex, tryNumber, state, startedAt, endedAt, message };
}
