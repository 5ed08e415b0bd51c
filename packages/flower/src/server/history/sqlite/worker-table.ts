/** Workers of the file. Every writing function runs inside the caller's transaction. */
import type { Connection } from "@celeriac/core/runtime";
import { isOnline, type KnownWorker } from "../worker-merge.ts";

export interface WorkerTable {
  get(hostname: string): KnownWorker | null;
  put(worker: KnownWorker): void;
  /** sorted by name */
  all(): readonly KnownWorker[];
  /** Those that are gone for so many seconds; gives their names. */
  forgetGone(goneSeconds: number, now: number): readonly string[];
  /** Of more than so many, those that were not heard of for longest. */
  keep(most: number): void;
  /** What is kept in memory counts no more. */
  forget(): void;
}

export function openWorkerTable(connection: Connection): WorkerTable {
  const one = connection.query("select record from worker where hostname = ?");
  const put = connection.query(
    "insert into worker (hostname, heard_at, record) values (?, ?, ?) on conflict do update set heard_at = excluded.heard_at, record = excluded.record",
  );
  const all = connection.query("select record from worker order by hostname");
  const remove = connection.query("delete from worker where hostname = ?");
  const count = connection.query("select count(*) from worker");
  const removeOldest = connection.query("delete from worker where hostname in (select hostname from worker order by heard_at limit ?)");
  const kept = new Map<string, KnownWorker>();
  const read = (text: unknown) => JSON.parse(String(text)) as KnownWorker;

  return {
    get(hostname) {
      const known = kept.get(hostname);
      if (known !== undefined) return known;
      const [row] = one.all([hostname]);
      if (row === undefined) return null;
      const worker = read(row[0]);
      kept.set(hostname, worker);
      return worker;
    },
    put(worker) {
      kept.set(worker.hostname, worker);
      put.run([worker.hostname, Math.max(worker.heardAt, worker.heartbeats.at(-1) ?? 0), JSON.stringify(worker)]);
    },
    all: () => all.all([]).map(([record]) => read(record)),
    forgetGone(goneSeconds, now) {
      const gone = all
        .all([])
        .map(([record]) => read(record))
        .filter((worker) => !isOnline(worker, now) && goneAt(worker) < now - goneSeconds);
      for (const { hostname } of gone) {
        remove.run([hostname]);
        kept.delete(hostname);
      }
      return gone.map(({ hostname }) => hostname);
    },
    keep(most) {
      const tooMany = Number(count.all([])[0]![0]) - most;
      if (tooMany <= 0) return;
      removeOldest.run([tooMany]);
      kept.clear();
    },
    forget: () => kept.clear(),
  };
}

/** Said goodbye, or beat last, epoch seconds. */
function goneAt({ heardAt, heartbeats }: KnownWorker): number {
  return Math.max(heardAt, heartbeats.at(-1) ?? 0);
}
