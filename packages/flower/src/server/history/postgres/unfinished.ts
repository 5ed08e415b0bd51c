/** What has not ended, a page at a time, along the index of states: however many tasks have ended, they are not looked at. */
import type { UnfinishedQuery, UnfinishedTask } from "../history.ts";
import { isEnded, isWaiting } from "../merge.ts";
import type { AskHistory } from "./database.ts";

/** From one state to the next one, by the index alone. */
const states = `with recursive found (state) as (
    (select state from celeriac_history_task where state >= ? order by state limit 1)
    union all
    select (select state from celeriac_history_task where state > found.state order by state limit 1) from found where found.state is not null
  ) select state from found where state is not null`;

const page = `select uuid, name, worker, timestamp from celeriac_history_task
  where state = ? and (timestamp, uuid) > (?, ?) and lost_at is null order by timestamp, uuid limit ?`;

export async function unfinishedTasks(ask: AskHistory, { isBegun, limit, after }: UnfinishedQuery): Promise<readonly UnfinishedTask[]> {
  const tasks: UnfinishedTask[] = [];
  for (const { state: found } of await ask(states, [after?.state ?? ""])) {
    const state = String(found);
    if (isEnded(state) || (isBegun && isWaiting(state))) continue;
    const place = after?.state === state ? [after.timestamp, after.uuid] : [-1, ""];
    for (const { uuid, name, worker, timestamp } of await ask(page, [state, ...place, limit - tasks.length]))
      tasks.push({ uuid: String(uuid), name: textOf(name), state, worker: textOf(worker), timestamp: Number(timestamp) });
    if (tasks.length === limit) break;
  }
  return tasks;
}

/** Of a column that has no null. */
function textOf(value: unknown): string | null {
  return value === "" ? null : String(value);
}
