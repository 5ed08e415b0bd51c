/**
 * Finds out what became of tasks whose end no event has told. Duties: 1. when the monitor begins to hear, and again after each break, looks up the
 * results of all that had not ended; 2. once a minute looks after those whose worker is gone, or of which nothing was heard for long; 3. marks as
 * lost those that no result and no worker knows.
 */
import { type Clock, createFresh, type Logger, reasonOf, type Timer } from "@celeriac/core/runtime";
import type { Ear } from "../hear.ts";
import type { Amendment, History, UnfinishedTask } from "../history/history.ts";
import type { Evidence } from "./evidence.ts";
import { quietSecondsOf, quietTimes } from "./quiet.ts";

/** How many tasks it found an end of, or lost. */
export interface Found {
  readonly ended: number;
  readonly lost: number;
}

export interface Reconciling {
  /** Looks once, now. `isAll`: at all that has not ended. Rejects with BROKER_*, BACKEND_*. */
  look(isAll: boolean): Promise<Found>;
  close(): void;
}

export interface ReconcileOptions {
  readonly clock: Clock;
  readonly history: Pick<History, "unfinished" | "amend" | "workers" | "types">;
  readonly evidence: Evidence;
  readonly ear: Pick<Ear, "hearsSince" | "whenHearing">;
  readonly logger: Logger;
}

const everyMs = 60_000;
/** Wait before all that has not ended is looked at again, when that has failed. */
const againMs = 5_000;
/** So many are looked up at once. */
const batchSize = 200;
/** So long after a break workers may still be on their way back: until then nobody's silence says anything. */
const settlingSeconds = 60;
/** Run times are read so often, those of so many of the last days. */
const runsMs = 3_600_000;
const runsSeconds = 3 * 86_400;

export function createReconciling({ clock, history, evidence, ear, logger }: ReconcileOptions): Reconciling {
  /** id → when a worker said last that it has it, epoch seconds */
  let held: ReadonlyMap<string, number> = new Map();
  let isClosed = false;
  let isLooking = false;
  /** All that has not ended is to be looked at. */
  let isOwed = false;
  let again: Timer | null = null;
  const now = () => clock.now() / 1_000;
  const runs = createFresh(clock, runsMs, async () => quietTimes(await history.types({ from: now() - runsSeconds, to: now() })));
  const timer = clock.every(everyMs, () => void lookQuietly());
  ear.whenHearing(() => {
    isOwed = true;
    void lookQuietly();
  });

  async function lookQuietly(): Promise<void> {
    if (isLooking || isClosed) return;
    isLooking = true;
    const isAll = isOwed;
    isOwed = false;
    const hasLooked = await look(isAll).then(tell, (error: unknown) => {
      logger.debug("tasks that no event told of could not be looked after", { reason: reasonOf(error) });
      return false;
    });
    isLooking = false;
    if (isAll && !hasLooked && !isClosed) {
      isOwed = true;
      again = clock.after(againMs, () => void lookQuietly());
      // It began to hear anew meanwhile.
    } else if (isOwed) void lookQuietly();
  }

  function tell({ ended, lost }: Found): true {
    if (ended + lost > 0) logger.info("tasks that no event told of were looked after", { ended, lost });
    return true;
  }

  async function look(isAll: boolean): Promise<Found> {
    const doubts = await openDoubts();
    const stillHeld = new Map<string, number>();
    const batch: UnfinishedTask[] = [];
    let found: Found = { ended: 0, lost: 0 };
    const settle = async () => {
      const { ended, lost } = await lookAt(batch.splice(0), doubts, stillHeld);
      found = { ended: found.ended + ended, lost: found.lost + lost };
    };
    for await (const task of unfinished(isAll)) {
      const heldAt = held.get(task.uuid);
      if (heldAt !== undefined) stillHeld.set(task.uuid, heldAt);
      if (isAll || doubts.are(task)) batch.push(task);
      if (batch.length === batchSize) await settle();
    }
    await settle();
    held = stillHeld;
    return found;
  }

  async function* unfinished(isAll: boolean): AsyncGenerator<UnfinishedTask> {
    for (let after: UnfinishedTask | null = null; !isClosed; ) {
      const tasks: readonly UnfinishedTask[] = await history.unfinished({ isBegun: !isAll, after, limit: batchSize });
      yield* tasks;
      if (tasks.length < batchSize) return;
      after = tasks.at(-1)!;
    }
  }

  /** Whose silence says something. */
  interface Doubts {
    /** There are some about this task. */
    are(task: UnfinishedTask): boolean;
    /** All workers that are there would have answered. */
    readonly isSettled: boolean;
  }

  async function openDoubts(): Promise<Doubts> {
    const [workers, quietTimes] = await Promise.all([history.workers(), runs.get()]);
    const online = new Set(workers.filter((worker) => worker.online).map(({ hostname }) => hostname));
    const isSettled = ear.hearsSince !== null && now() - ear.hearsSince >= settlingSeconds;
    return {
      isSettled,
      are(task) {
        const quietSeconds = quietSecondsOf(task, quietTimes);
        const heldAt = held.get(task.uuid);
        if (quietSeconds === null) return false;
        const isGone = isSettled && heldAt === undefined && !online.has(task.worker ?? "");
        return isGone || now() - Math.max(task.timestamp, heldAt ?? 0) > quietSeconds;
      },
    };
  }

  async function lookAt(tasks: readonly UnfinishedTask[], doubts: Doubts, stillHeld: Map<string, number>): Promise<Found> {
    const told = await amendEnded(tasks);
    const doubtful = told.open.filter(doubts.are);
    if (doubtful.length === 0) return { ended: told.ended, lost: 0 };
    const { ids, workers } = await evidence.held(doubtful.map(({ uuid }) => uuid));
    for (const { uuid } of doubtful) if (ids.has(uuid)) stillHeld.set(uuid, now());
    const missing = doubtful.filter(({ uuid, worker }) => !ids.has(uuid) && (doubts.isSettled || workers.has(worker ?? "")));
    // One that has ended since has left its result before it left its worker.
    const late = await amendEnded(missing);
    await Promise.all(late.open.map(({ uuid }) => history.amend(uuid, { lostAt: now() })));
    return { ended: told.ended + late.ended, lost: late.open.length };
  }

  /** Writes down how they ended where a result tells it; gives how many, and the others. */
  async function amendEnded(
    tasks: readonly UnfinishedTask[],
  ): Promise<{ readonly ended: number; readonly open: readonly UnfinishedTask[] }> {
    const ends: ReadonlyMap<string, Amendment> = await evidence.ends(tasks.map(({ uuid }) => uuid));
    await Promise.all([...ends].map(([uuid, end]) => history.amend(uuid, end)));
    return { ended: ends.size, open: tasks.filter(({ uuid }) => !ends.has(uuid)) };
  }

  return {
    look,
    close() {
      isClosed = true;
      for (const each of [timer, again]) each?.cancel();
    },
  };
}
