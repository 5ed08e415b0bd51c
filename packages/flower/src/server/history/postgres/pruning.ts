/** Takes the oldest tasks out of the database, a slice at a time: too many rows, too old, or more bytes than the history may have. */
import { keptSeconds } from "../slices.ts";
import type { StoreOptions } from "../store.ts";
import { hour, minute } from "../tally.ts";
import type { AskHistory } from "./database.ts";
import { pruneSlices } from "./slices.ts";
import { keepWorkers } from "./workers.ts";

type Limits = StoreOptions["limits"];

/** Rows of one transaction: short enough that nobody waits for it. */
const sliceRows = 2_000;
const prunedSlices = 5_000;
const mostAudit = 100_000;
/** of the bytes a history may have: from there on the oldest go */
const fullAt = 0.95;
/** What others have not looked at by then they ask for anew. */
const changesKept = "60 seconds";

const due = `select history.tasks, history.bytes,
  exists (select from celeriac_history_task where timestamp < ?) as old_tasks,
  exists (select from celeriac_history_slice where step = ${minute} and at < ?)
    or exists (select from celeriac_history_slice where step = ${hour} and at < ?) as old_slices,
  (select count(*) from celeriac_history_worker) as workers,
  exists (select from celeriac_history_change where at < clock_timestamp() - interval '${changesKept}'
    and version < history.version) as old_changes
  from celeriac_history as history`;

const remove = `with gone as (
    delete from celeriac_history_task where id in
      (select id from celeriac_history_task where timestamp < ? order by timestamp, id limit ?) returning id, size
  ), events as (delete from celeriac_history_event where task in (select id from gone) returning 1)
  select (select count(*) from gone) as tasks, (select coalesce(sum(size), 0) from gone) as bytes, (select count(*) from events) as events`;

/** Asked without the lock, so that monitors with nothing to do are in nobody's way. */
export async function isPruningDue(ask: AskHistory, limits: Limits, now: number): Promise<boolean> {
  const [row] = await ask(due, [now - limits.days * 86_400, now - keptSeconds[minute], now - keptSeconds[hour]]);
  const isMore = Number(row!["workers"]) > limits.workers || tooMany(row!, limits) > 0;
  return isMore || row!["old_tasks"] === true || row!["old_slices"] === true || row!["old_changes"] === true;
}

export async function prune(ask: AskHistory, limits: Limits, now: number) {
  await keepWorkers(ask, limits.workers);
  await pruneSlices(ask, now, prunedSlices);
  await ask(`delete from celeriac_history_change where at < clock_timestamp() - interval '${changesKept}'`);
  await ask("delete from celeriac_history_audit where id <= (select max(id) from celeriac_history_audit) - ?", [mostAudit]);
  const oldestAt = now - limits.days * 86_400;
  const [row] = await ask("select tasks, bytes from celeriac_history");
  const [isOld] = await ask("select from celeriac_history_task where timestamp < ? limit 1", [oldestAt]);
  const [before, limit] = isOld === undefined ? [Number.MAX_VALUE, tooMany(row!, limits)] : [oldestAt, sliceRows];
  const [gone] = limit === 0 ? [{}] : await ask(remove, [before, limit]);
  const count = (name: string) => Number(gone![name] ?? 0);
  return { tasks: count("tasks"), events: count("events"), bytes: count("bytes") };
}

/** How many of the oldest tasks are to go now. */
function tooMany({ tasks, bytes }: Readonly<Record<string, unknown>>, limits: Limits): number {
  if (Number(tasks) > limits.tasks) return Math.min(sliceRows, Number(tasks) - limits.tasks);
  return Number(tasks) > 0 && Number(bytes) > limits.bytes * fullAt ? sliceRows : 0;
}
