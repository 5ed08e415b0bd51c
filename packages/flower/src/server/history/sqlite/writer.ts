/** What is written into a history's file: each function is one transaction. */
import type { Connection } from "@celeriac/core/runtime";
import { type Digest, digest, foundEnd } from "../digest.ts";
import type { HeardEvent } from "../heard-event.ts";
import { isEnded } from "../merge.ts";
import type { Retention, StoreWriter } from "../store.ts";
import { openAuditWriting } from "./audit-table.ts";
import { openPruning } from "./retention.ts";
import { openSliceWriting } from "./slice-table.ts";
import { openTaskTable } from "./task-table.ts";
import { openWorkerTable } from "./worker-table.ts";

/** What never waits says at once. */
export interface Writer extends StoreWriter {
  write(events: readonly HeardEvent[], now: number): Digest | "busy";
}

export interface WriterOptions {
  readonly connection: Connection;
  readonly retention: Retention;
  /** of more, those go that were not heard of for longest */
  readonly mostWorkers: number;
}

/** in which it tries without giving way */
const patienceMs = 5;
const prunedSlices = 5_000;
/** Short enough that who shares the file is not held up. */
const turnEvents = 1_000;

export function openWriter({ connection, retention, mostWorkers }: WriterOptions): Writer {
  const tasks = openTaskTable(connection);
  const workers = openWorkerTable(connection);
  const slices = openSliceWriting(connection);
  const audit = openAuditWriting(connection);
  const pruning = openPruning(connection, retention);
  const total = connection.query("update total set tasks = tasks + ?, events = events + ?, written_at = max(ifnull(written_at, 0), ?)");
  const totals = connection.query("select tasks from total");
  let version: number | null = null;

  function inTransaction<T>(body: (isStale: boolean) => T): T | "busy" {
    if (!connection.begin(patienceMs)) return "busy";
    try {
      const found = connection.dataVersion();
      const isStale = found !== version;
      if (isStale) {
        workers.forget();
        slices.forget();
      }
      const given = body(isStale);
      connection.commit();
      version = found;
      return given;
    } catch (error) {
      connection.rollback();
      version = null;
      tasks.forget();
      workers.forget();
      slices.forget();
      throw error;
    }
  }

  return {
    turnEvents,
    write(events, now) {
      return inTransaction((isStale) => {
        tasks.load(new Set(events.map((event) => (event.kind === "task" ? event.uuid : ""))), isStale);
        const known = { task: tasks.get, worker: workers.get, isNew: tasks.log };
        const digested = digest(events, known, now);
        for (const [uuid, record] of digested.tasks) tasks.put(uuid, record);
        for (const worker of digested.workers.values()) workers.put(worker);
        slices.add(digested.increments);
        const added = tasks.takeAdded();
        total.run([added.tasks, added.events, events.at(-1)?.heardAt ?? 0]);
        return digested;
      });
    },
    amend(uuid, known, now) {
      return inTransaction((isStale) => {
        tasks.load(new Set([uuid]), isStale);
        const before = tasks.get(uuid);
        if (before === null || isEnded(before.state)) return null;
        const after = { ...before, ...known };
        tasks.put(uuid, after);
        slices.add(foundEnd(after, now));
        return after;
      });
    },
    note(entry) {
      return inTransaction(() => {
        audit.add(entry);
        return null;
      });
    },
    forgetWorkers: (goneSeconds, now) => inTransaction(() => workers.forgetGone(goneSeconds, now)),
    prune(now) {
      return inTransaction(() => {
        workers.keep(mostWorkers);
        slices.prune(now, prunedSlices);
        const removed = pruning.prune(Number(totals.all([])[0]![0]), now);
        if (removed.tasks > 0) {
          total.run([-removed.tasks, -removed.events, 0]);
          // Rows that are gone must not be taken for known.
          tasks.forget();
        }
        return removed.tasks > 0;
      });
    },
  };
}
