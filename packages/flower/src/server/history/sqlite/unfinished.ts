/** What has not ended, a page at a time, along the index of states: however many tasks have ended, they are not looked at. */
import type { Connection } from "@celeriac/core/runtime";
import type { UnfinishedQuery, UnfinishedTask } from "../history.ts";
import { isEnded, isWaiting } from "../merge.ts";

/** From one state to the next one, by the index alone. */
const states = `with recursive found (state) as (
  select min(state) from task where state >= ? union all select (select min(state) from task where state > found.state) from found where found.state is not null
) select state from found where state is not null`;

const page = `select uuid, name, worker, timestamp from task indexed by ix_task_state
  where state = ? and timestamp >= ? and (timestamp, uuid) > (?, ?) and lost_at is null order by timestamp, uuid limit ?`;

export function unfinishedTasks(connection: Connection, { isBegun, limit, after }: UnfinishedQuery): readonly UnfinishedTask[] {
  const tasks: UnfinishedTask[] = [];
  for (const [found] of connection.query(states).all([after?.state ?? ""])) {
    const state = String(found);
    if (isEnded(state) || (isBegun && isWaiting(state))) continue;
    const place = after?.state === state ? ([after.timestamp, after.timestamp, after.uuid] as const) : ([-1, -1, ""] as const);
    for (const [uuid, name, worker, timestamp] of connection.query(page).all([state, ...place, limit - tasks.length]))
      tasks.push({ uuid: String(uuid), name: textOf(name), state, worker: textOf(worker), timestamp: Number(timestamp) });
    if (tasks.length === limit) break;
  }
  return tasks;
}

/** Of a column that has no null. */
function textOf(value: unknown): string | null {
  return value === "" ? null : String(value);
}
