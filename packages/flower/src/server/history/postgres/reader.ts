/** What is asked of a history's database. */
import type { Clock } from "@celeriac/core/runtime";
import { mostChildren, type StoreFacts, type StoreReader } from "../store.ts";
import { openTaskPages } from "../task-pages.ts";
import { columnNames } from "../task-row.ts";
import { isOnline } from "../worker-merge.ts";
import type { HistoryDatabase } from "./database.ts";
import { labelsOf, readSeries, readTypes } from "./slices.ts";
import { taskListing } from "./task-list.ts";
import { eventIn, recordIn } from "./task-rows.ts";
import { unfinishedTasks } from "./unfinished.ts";
import { readWorkers } from "./workers.ts";

export interface PostgresReaderOptions {
  readonly database: HistoryDatabase;
  readonly clock: Clock;
  /** how long one search may look */
  readonly searchBudgetMs: number;
}

const columns = columnNames.join(", ");
const one = `select ${columns} from celeriac_history_task where uuid = ?`;
const children = `select parent_id, uuid from (
    select parent_id, uuid, id, row_number() over (partition by parent_id order by id) as place from celeriac_history_task where parent_id = any (?)
  ) as numbered where place <= ${mostChildren} order by id`;
const events = `select subject, timestamp, hostname, clock, fields from celeriac_history_event
  where task = (select id from celeriac_history_task where uuid = ?) order by timestamp, clock`;
const audit = `select at, who, address, action, target, refusal, details from celeriac_history_audit
  where at < coalesce(?, 'infinity'::double precision) order by id desc limit ?`;
const facts = `select tasks, events, written_at, (select min(timestamp) from celeriac_history_task) as since, bytes from celeriac_history`;

export function openPostgresReader({ database, clock, searchBudgetMs }: PostgresReaderOptions): StoreReader {
  const { ask } = database;
  const pages = openTaskPages({ listing: (query) => taskListing(ask, query), clock, budgetMs: searchBudgetMs });
  const now = () => clock.now() / 1_000;
  const total = async () => Number((await ask("select tasks from celeriac_history"))[0]!["tasks"]);
  let known: StoreFacts = { tasks: 0, events: 0, bytes: 0, since: null, writtenAt: null };

  async function workers() {
    const at = now();
    return (await readWorkers(ask, null)).map((worker) => ({ ...worker, online: isOnline(worker, at) }));
  }

  async function childrenOf(uuids: readonly string[]) {
    const rows = await ask(children, [uuids]);
    return uuids.map((uuid) => rows.filter((row) => row["parent_id"] === uuid).map((row) => String(row["uuid"])));
  }

  return {
    async task(uuid) {
      const [row] = await ask(one, [uuid]);
      return row === undefined ? null : recordIn(row);
    },
    children: async (uuid) => (await childrenOf([uuid]))[0]!,
    childrenOf,
    tasks: (query) => pages.page(query),
    count: (filter, most = 10_000) => pages.count(filter, most, total),
    events: async (uuid) => (await ask(events, [uuid])).map(eventIn),
    taskTypes: () => labelsOf(ask, "task"),
    workers,
    series: (query) => readSeries(ask, query, now()),
    types: (query) => readTypes(ask, query, now()),
    unfinished: (query) => unfinishedTasks(ask, query),
    async audit(limit, before) {
      const rows = await ask(audit, [before ?? null, limit]);
      return rows.map(({ at, who, address, action, target, refusal, details }) => ({
        ...{ at: Number(at), user: String(who), address: String(address), action: String(action), target: String(target) },
        refusal: refusal === null ? null : String(refusal),
        details: JSON.parse(String(details)) as Record<string, unknown>,
      }));
    },
    /** Of a database that is away: as it was. What is wrong, who writes tells. */
    async facts() {
      try {
        const [row] = await ask(facts);
        const numberOrNull = (value: unknown) => (value === null ? null : Number(value));
        const { tasks, events: told, bytes, since, written_at: writtenAt } = row!;
        const counted = { tasks: Number(tasks), events: Number(told), bytes: Number(bytes) };
        known = { ...counted, since: numberOrNull(since), writtenAt: numberOrNull(writtenAt) };
      } catch {
        // Then nobody can say anything newer.
      }
      return known;
    },
  };
}
