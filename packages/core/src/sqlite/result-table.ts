/** The results of the file: the newest state of each task. Every writing function runs inside the caller's transaction. */
import type { StoreOutcome } from "../backend.ts";
import { isFinal } from "../states.ts";
import type { Connection } from "./connection.ts";
import type { NewResult } from "./operation.ts";

export interface ResultTable {
  store(result: NewResult, now: number): StoreOutcome;
  get(taskId: string, now: number): string | null;
  forget(taskId: string): void;
  /** Changes with every write of the task's result; null when there is none. */
  stamp(taskId: string, now: number): number | null;
  /** Removes what expired, at most `limit`; gives how many that were. */
  prune(now: number, limit: number): number;
}

export function openResultTable(connection: Connection): ResultTable {
  // A final state stands against an older attempt and against its own; SUCCESS stands against all. What expired stands against nothing.
  const store = connection.query(
    `insert into result (task_id, state, final, attempt, stamp, expires, text) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
     on conflict (task_id) do update set
       state = excluded.state, final = excluded.final, attempt = excluded.attempt,
       stamp = excluded.stamp, expires = excluded.expires, text = excluded.text
     where (result.expires is not null and result.expires <= ?8)
        or not (result.state = 'SUCCESS'
             or result.attempt > excluded.attempt
             or (result.final = 1 and result.attempt = excluded.attempt))`,
  );
  const get = connection.query("select text from result where task_id = ? and (expires is null or expires > ?)");
  const stamp = connection.query("select stamp from result where task_id = ? and (expires is null or expires > ?)");
  const forget = connection.query("delete from result where task_id = ?");
  const prune = connection.query(
    "delete from result where rowid in (select rowid from result where expires is not null and expires <= ? order by expires limit ?)",
  );
  // Stamps of several processes must differ from each other, they need no order.
  let lastStamp = Math.floor(Math.random() * 2 ** 51);
  return {
    store({ taskId, state, attempt, text, expires }, now) {
      lastStamp = (lastStamp + 1) % 2 ** 52;
      const changed = store.run([taskId, state, isFinal(state) ? 1 : 0, attempt, lastStamp, expires, text, now]);
      return changed > 0 ? "stored" : "superseded";
    },
    get: (taskId, now) => (get.all([taskId, now])[0]?.[0] as string | undefined) ?? null,
    forget: (taskId) => void forget.run([taskId]),
    stamp: (taskId, now) => (stamp.all([taskId, now])[0]?.[0] as number | undefined) ?? null,
    prune: (now, limit) => prune.run([now, limit]),
  };
}
