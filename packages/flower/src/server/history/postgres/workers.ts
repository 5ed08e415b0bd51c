/** Workers of the database: a row each, with what is known of it as JSON. */
import { isOnline, type KnownWorker } from "../worker-merge.ts";
import type { AskHistory } from "./database.ts";

const put = `insert into celeriac_history_worker (hostname, heard_at, record)
  select hostname, heard_at, record from json_to_recordset(?) as given (hostname text, heard_at double precision, record text)
  on conflict (hostname) do update set heard_at = excluded.heard_at, record = excluded.record`;

/** sorted by name; `hostnames`: of these alone */
export async function readWorkers(ask: AskHistory, hostnames: readonly string[] | null): Promise<readonly KnownWorker[]> {
  if (hostnames?.length === 0) return [];
  const rows =
    hostnames === null
      ? await ask("select record from celeriac_history_worker order by hostname")
      : await ask("select record from celeriac_history_worker where hostname = any (?) order by hostname", [hostnames]);
  return rows.map(({ record }) => JSON.parse(String(record)) as KnownWorker);
}

export async function writeWorkers(ask: AskHistory, workers: readonly KnownWorker[]): Promise<void> {
  if (workers.length === 0) return;
  const rows = workers.map((worker) => ({ hostname: worker.hostname, heard_at: aliveAt(worker), record: JSON.stringify(worker) }));
  await ask(put, [JSON.stringify(rows)]);
}

/** Those that are gone for so many seconds; gives their names. */
export async function forgetGone(ask: AskHistory, goneSeconds: number, now: number): Promise<readonly string[]> {
  const workers = await readWorkers(ask, null);
  const gone = workers.filter((worker) => !isOnline(worker, now) && aliveAt(worker) < now - goneSeconds).map(({ hostname }) => hostname);
  if (gone.length > 0) await ask("delete from celeriac_history_worker where hostname = any (?)", [gone]);
  return gone;
}

/** Of more than so many, those go that were not heard of for longest. */
export async function keepWorkers(ask: AskHistory, most: number): Promise<void> {
  await ask(
    `delete from celeriac_history_worker where hostname in
     (select hostname from celeriac_history_worker order by heard_at desc, hostname offset ?)`,
    [most],
  );
}

/** Said goodbye, or beat last, epoch seconds. */
function aliveAt({ heardAt, heartbeats }: KnownWorker): number {
  return Math.max(heardAt, heartbeats.at(-1) ?? 0);
}
