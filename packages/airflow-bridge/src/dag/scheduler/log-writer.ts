/**
 * Writes the tries of runs into the logs that their DAGs have beside the store. Which runs are due stands in the store until it is done: a log that is
 * away gets its rows later, from whichever scheduler is there then, and one that was written twice has each try once.
 */
import { type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { TryLog } from "../model.ts";
import type { TryRecord, UnloggedRecord } from "../records.ts";
import type { DagStore } from "../store/store.ts";
import type { ScheduledDags } from "./scheduled-dag.ts";

export interface LogWriter {
  /** Begins to write what is due, unless that is under way, or could not be done a moment ago. */
  begin(dags: ScheduledDags): void;
  /** Writes what is due, and resolves when that is over. Never rejects. */
  end(dags: ScheduledDags): Promise<void>;
}

export interface LogWriterParts {
  readonly store: DagStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Runs that are written at a time. */
const runsAtOnce = 50;
/** between two attempts, where a log does not answer */
const againMs = 5_000;

export function createLogWriter({ store, clock, logger }: LogWriterParts): LogWriter {
  let writing: Promise<void> | null = null;
  /** those that did not answer, and when they are asked again */
  const silent = new Map<TryLog, number>();

  async function writeAll(dags: ScheduledDags): Promise<void> {
    for (const [log, dagIds] of dagsByLog(dags)) {
      if (clock.now() < (silent.get(log) ?? 0)) continue;
      try {
        while ((await writeSome(store, log, dagIds)) === runsAtOnce);
        if (silent.delete(log)) logger.info("the log of tries is written again");
      } catch (error) {
        if (!silent.has(log)) logger.error("the log of tries cannot be written: it is made up for later", { reason: reasonOf(error) });
        silent.set(log, clock.now() + againMs);
      }
    }
  }

  const begin = (dags: ScheduledDags) => {
    writing ??= writeAll(dags).finally(() => {
      writing = null;
    });
    return writing;
  };

  return {
    begin: (dags) => void begin(dags),
    async end(dags) {
      await writing;
      await begin(dags);
    },
  };
}

function dagsByLog(dags: ScheduledDags): ReadonlyMap<TryLog, readonly string[]> {
  const found = new Map<TryLog, string[]>();
  for (const [dagId, { model }] of dags) {
    if (model.log === null) continue;
    found.set(model.log, [...(found.get(model.log) ?? []), dagId]);
  }
  return found;
}

/** How many runs were written. */
async function writeSome(store: DagStore, log: TryLog, dagIds: readonly string[]): Promise<number> {
  const { due, tries } = await store.read(async (tables) => {
    const due: readonly UnloggedRecord[] = await tables.unlogged.list(runsAtOnce, dagIds);
    const tries: (readonly TryRecord[])[] = [];
    for (const run of due) tries.push(await tables.tries.ofRun(run));
    return { due, tries };
  });
  if (due.length === 0) return 0;
  await log.write(tries);
  await store.write(({ unlogged }) => unlogged.removeAll(due));
  return due.length;
}
