/**
 * Finds out what became of tasks that no event tells of any more: they were with a worker that is gone, or nothing was heard of them for long. Their
 * result says how they ended; a worker that still has one says so; the others are lost.
 */
import {
  type AppRuntime,
  askWorkers,
  callOf,
  isFinal,
  type Logger,
  partsOf,
  readException,
  readResult,
  reasonOf,
  reprException,
  reprValue,
} from "@celeriac/core/runtime";
import type { History } from "./history/history.ts";
import type { TaskRecord } from "./history/task-record.ts";

export interface Reconciling {
  /** Looks once, now; gives how many tasks it found an end of, or lost. Rejects with BROKER_*, BACKEND_*. */
  look(): Promise<{ readonly ended: number; readonly lost: number }>;
  close(): void;
}

export interface ReconcileOptions {
  readonly runtime: AppRuntime;
  readonly history: Pick<History, "unfinished" | "amend">;
  readonly logger: Logger;
  readonly timeoutMs: number;
}

const everyMs = 60_000;
/** A task that nothing was heard of for so long is looked after, although its worker is there. */
const quietSeconds = 600;
const mostAtOnce = 200;

export function createReconciling({ runtime, history, logger, timeoutMs }: ReconcileOptions): Reconciling {
  const { clock } = runtime;
  let isLooking = false;
  const timer = clock.every(everyMs, () => void lookQuietly());

  async function lookQuietly(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      const { ended, lost } = await look();
      if (ended + lost > 0) logger.info("tasks that no event told of were looked after", { ended, lost });
    } catch (error) {
      logger.debug("tasks that no event told of could not be looked after", { reason: reasonOf(error) });
    } finally {
      isLooking = false;
    }
  }

  async function look() {
    const now = clock.now() / 1_000;
    const tasks = (await history.unfinished(now - quietSeconds, mostAtOnce)).filter(({ lostAt }) => lostAt === null);
    const ends = await endsOf(tasks);
    const open = tasks.filter(({ uuid }) => !ends.has(uuid));
    const held = open.length === 0 ? new Set<string>() : await heldOf(open.map(({ uuid }) => uuid));
    const lost = open.filter(({ uuid }) => !held.has(uuid));
    for (const [uuid, end] of ends) await history.amend(uuid, end);
    for (const { uuid } of lost) await history.amend(uuid, { lostAt: now });
    return { ended: ends.size, lost: lost.length };
  }

  /** Of those whose result tells how they ended. */
  async function endsOf(tasks: readonly TaskRecord[]): Promise<ReadonlyMap<string, Partial<TaskRecord>>> {
    const { backend } = await runtime.links();
    if (backend === null || tasks.length === 0) return new Map();
    const texts = await backend.getMany(tasks.map(({ uuid }) => uuid));
    return new Map(
      tasks.flatMap(({ uuid }, at) => {
        const end = endIn(uuid, texts[at] ?? null);
        return end === null ? [] : [[uuid, end] as const];
      }),
    );
  }

  /** Ids that workers say they have. */
  async function heldOf(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const replies = await askWorkers(await partsOf(runtime), callOf("query_task", { ids }, {}), { timeoutMs, limit: null });
    return new Set(replies.flatMap(({ value }) => (typeof value === "object" && value !== null ? Object.keys(value) : [])));
  }

  return { look, close: () => timer.cancel() };
}

/** null: it has not ended, or nobody can read how. */
function endIn(uuid: string, text: string | null): Pick<TaskRecord, "state" | "result" | "exception" | "traceback"> | null {
  try {
    const stored = text === null ? null : readResult(uuid, text);
    if (stored === null || !isFinal(stored.status)) return null;
    const { status: state, result, traceback } = stored;
    if (state === "SUCCESS") return { state, result: reprValue(result), exception: null, traceback: null };
    return { state, result: null, exception: reprException(readException(result, traceback)), traceback };
  } catch {
    return null;
  }
}
