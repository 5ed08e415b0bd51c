/** What other monitors have written, for those who follow here: asked for again and again, while somebody does. */
import type { Clock } from "@celeriac/core/runtime";
import type { TaskRecord } from "../task-record.ts";
import { previewList } from "../task-row.ts";
import type { KnownWorker } from "../worker-merge.ts";
import type { HistoryDatabase } from "./database.ts";
import { recordIn } from "./task-rows.ts";
import { readWorkers } from "./workers.ts";

const everyMs = 500;
/** Transactions of others that are looked at together. */
const mostAtOnce = 20;

export interface OtherMonitors {
  follow(told: ((tasks: readonly TaskRecord[], workers: readonly KnownWorker[]) => void) | null): void;
  close(): Promise<void>;
}

export function openOtherMonitors(database: HistoryDatabase, clock: Clock, monitor: string): OtherMonitors {
  let told: ((tasks: readonly TaskRecord[], workers: readonly KnownWorker[]) => void) | null = null;
  let seen: number | null = null;
  let looking: Promise<void> | null = null;
  const timer = clock.every(everyMs, () => {
    if (told !== null)
      looking ??= look().finally(() => {
        looking = null;
      });
  });

  /** Never rejects: a database that is away is told of by who writes. */
  async function look(): Promise<void> {
    try {
      const [row] = await database.ask("select version from celeriac_history");
      const newest = Number(row!["version"]);
      const from = seen;
      if (from === newest || from === null) {
        seen = newest;
        return;
      }
      const rows = await database.ask(
        "select version, monitor, tasks, workers from celeriac_history_change where version > ? order by version limit ?",
        [from, mostAtOnce],
      );
      const others = rows.filter((each) => each["monitor"] !== monitor);
      const uuids = [...new Set(others.flatMap(({ tasks }) => tasks as string[]))];
      const hostnames = [...new Set(others.flatMap(({ workers }) => workers as string[]))];
      const tasks =
        uuids.length === 0 ? [] : await database.ask(`select ${previewList} from celeriac_history_task where uuid = any (?)`, [uuids]);
      const workers = await readWorkers(database.ask, hostnames);
      seen = Number(rows.at(-1)?.["version"] ?? newest);
      if (tasks.length > 0 || workers.length > 0) told?.(tasks.map(recordIn), workers);
    } catch {
      // The next look asks again for what this one did not get.
    }
  }

  return {
    follow(by) {
      if (by === null) seen = null;
      told = by;
    },
    async close() {
      timer.cancel();
      told = null;
      await looking;
    },
  };
}
