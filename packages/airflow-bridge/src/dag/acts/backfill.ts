/** Makes the runs of a range of past dates, with a limit of their own of how many run at once; runs that are there already run again on wish. */
import { randomUUID } from "node:crypto";
import { CeleriacError } from "@celeriac/core/runtime";
import type { BackfillRecord, ReprocessBehavior, RunRecord } from "../records.ts";
import { runIdOf } from "../runs/run-id.ts";
import type { DagStore, Tables } from "../store/store.ts";
import type { RunInfo, Timetable } from "../timetable/timetable.ts";
import { clearEach } from "./clear.ts";
import { lockRun, requireDag } from "./require.ts";
import type { TaskGraph } from "./select-instances.ts";

export interface BackfillRequest {
  readonly dagId: string;
  /** logical dates, both included */
  readonly from: number;
  readonly to: number;
  /** 10 */
  readonly maxActiveRuns?: number | undefined;
  /** which runs that are there already run again; none */
  readonly reprocess?: ReprocessBehavior | undefined;
  /** the latest date first */
  readonly reverse?: boolean | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

export interface BackfilledRun {
  readonly runId: string;
  readonly logicalDate: number;
  readonly outcome: "created" | "cleared" | "left";
}

export interface Backfilled {
  readonly backfillId: string;
  /** by date */
  readonly runs: readonly BackfilledRun[];
}

/** Throws DAG_UNKNOWN, DAG_BACKFILL. */
export async function backfillDag(
  store: DagStore,
  code: { readonly graph: TaskGraph; readonly timetable: Timetable },
  request: BackfillRequest,
  now: number,
): Promise<Backfilled> {
  const { dagId, from, to, maxActiveRuns = 10, reprocess = "none", reverse = false } = request;
  if (from > to) throw refused(dagId, `it ends (${text(to)}) before it begins (${text(from)})`);
  const infos = runsBetween(code.timetable, from, to, now);
  if (infos.length === 0)
    throw refused(dagId, `its schedule (${code.timetable.text}) has no run from ${text(from)} to ${text(to)} that is past already`);
  const backfill: BackfillRecord = {
    ...{ backfillId: randomUUID(), dagId, fromDate: from, toDate: to, maxActiveRuns, reprocess, reverse, createdAt: now },
  };
  return await store.write(async (tables) => {
    requireDag(await tables.dags.find(dagId), dagId);
    await tables.backfills.add(backfill);
    const runs: BackfilledRun[] = [];
    for (const info of infos) runs.push(await backfillOne(tables, code.graph, backfill, { info, params: request.params ?? {}, now }));
    return { backfillId: backfill.backfillId, runs };
  });
}

/** Nothing is made before its time: what is due later, the schedule makes. */
function runsBetween(timetable: Timetable, from: number, to: number, now: number): readonly RunInfo[] {
  const limits = { earliest: from, latest: to, catchUp: true };
  const found: RunInfo[] = [];
  for (let next = timetable.next(null, limits, now); next !== null; next = timetable.next(next.interval, limits, now)) {
    if (next.logicalDate > to || next.runAfter > now) break;
    found.push(next);
  }
  return found;
}

interface WantedRun {
  readonly info: RunInfo;
  readonly params: Readonly<Record<string, unknown>>;
  readonly now: number;
}

async function backfillOne(tables: Tables, graph: TaskGraph, backfill: BackfillRecord, wanted: WantedRun): Promise<BackfilledRun> {
  const { dagId, backfillId, reprocess } = backfill;
  const { runAfter, logicalDate, interval } = wanted.info;
  const [there] = await tables.runs.list({ dagId, from: logicalDate, to: logicalDate, limit: 1 });
  if (there !== undefined) {
    const outcome = (await runAgain(tables, graph, there, { backfillId, reprocess, now: wanted.now })) ? "cleared" : "left";
    return { runId: there.runId, logicalDate, outcome };
  }
  const runId = runIdOf("backfill", runAfter);
  await tables.runs.add({
    ...{ dagId, runId, runType: "backfill", state: "queued", params: wanted.params, backfillId },
    ...{ logicalDate, intervalStart: interval.start, intervalEnd: interval.end, runAfter },
    ...{ createdAt: wanted.now, startedAt: null, endedAt: null, lookAt: wanted.now },
  });
  return { runId, logicalDate, outcome: "created" };
}

async function runAgain(
  tables: Tables,
  graph: TaskGraph,
  there: RunRecord,
  { backfillId, reprocess, now }: { readonly backfillId: string; readonly reprocess: ReprocessBehavior; readonly now: number },
): Promise<boolean> {
  const { state } = await lockRun(tables, there, now);
  if (!(state === "failed" && reprocess !== "none") && !(state === "success" && reprocess === "completed")) return false;
  await clearEach(tables, graph, await tables.instances.ofRun(there));
  await tables.runs.set(there, { state: "queued", startedAt: null, endedAt: null, lookAt: now, backfillId });
  return true;
}

function refused(dagId: string, why: string): CeleriacError {
  return new CeleriacError("DAG_BACKFILL", `The backfill of DAG ${dagId} cannot be made: ${why}`);
}

function text(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
