/** `celeriac dag list`: the DAGs of the app and of the store, or the latest runs of one. */
import type { DagRecord, DagShape, RunRecord } from "@celeriac/airflow-bridge/dag-runtime";
import type { CommandArguments } from "../command-table.ts";
import { type DagAccess, instantText, withDags } from "../dag-access.ts";
import { stateText } from "../dag-states.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";
import { age } from "../text.ts";

const latestRuns = 25;

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_UNKNOWN, DAG_STORE_*, CONFIG_*. */
export async function dagList({ common, positionals: { dag } }: CommandArguments<"dag list">, output: Output): Promise<number> {
  await withDags(common, (access) => (dag === null ? listDags(access, output) : listRuns(access, dag, output)));
  return exitCode.done;
}

const dagColumns = [
  { title: "DAG" },
  { title: "SCHEDULE" },
  { title: "TASKS", align: "right" } as const,
  { title: "NEXT RUN" },
  { title: "LAST RUN" },
  { title: "STATE" },
];

async function listDags({ store, runtime }: DagAccess, output: Output): Promise<void> {
  const { dags, latest } = await store.read(async (tables) => ({ dags: await tables.dags.all(), latest: await tables.runs.latest(1) }));
  const lastOf = ({ dagId }: DagRecord) => latest.get(dagId)?.[0];
  if (output.json) return output.result("", { dags: dags.map((dag) => dagJson(dag, lastOf(dag))) });
  if (dags.length === 0)
    return output.remark(
      "There are no DAGs: the app's modules make them with dag(), from celeriac/dag; celeriac dag init writes a first one.",
    );
  const now = runtime.clock.now();
  const rows = dags.map((dag) => {
    const shape = JSON.parse(dag.shape) as DagShape;
    const run = lastOf(dag);
    const next = dag.isPaused ? output.colors.yellow("paused") : dag.nextRun === null ? "-" : inTime(dag.nextRun.runAfter - now);
    return [
      dag.dagId,
      shape.schedule ?? "by hand",
      String(shape.tasks.length),
      next,
      run?.runId ?? "-",
      run === undefined ? "" : stateText(run.state, output),
    ];
  });
  output.print(table(dagColumns, rows, output));
}

function dagJson({ dagId, isPaused, nextRun, shape }: DagRecord, last: RunRecord | undefined): object {
  const { schedule, tasks } = JSON.parse(shape) as DagShape;
  const next = nextRun === null ? null : { runAfter: instantText(nextRun.runAfter), logicalDate: instantText(nextRun.logicalDate) };
  return { dag: dagId, schedule, tasks: tasks.length, paused: isPaused, nextRun: next, lastRun: last === undefined ? null : runJson(last) };
}

const runColumns = [
  { title: "RUN" },
  { title: "STATE" },
  { title: "LOGICAL DATE" },
  { title: "BEGAN" },
  { title: "TOOK", align: "right" } as const,
];

async function listRuns({ store, runtime }: DagAccess, dagId: string, output: Output): Promise<void> {
  const runs = await store.read((tables) => tables.runs.list({ dagId, limit: latestRuns }));
  if (output.json) return output.result("", { dag: dagId, runs: runs.map(runJson) });
  if (runs.length === 0) return output.remark(`${dagId} has no runs: celeriac dag trigger ${dagId} makes one.`);
  const now = runtime.clock.now();
  const rows = runs.map(({ runId, state, logicalDate, startedAt, endedAt }) => [
    runId,
    stateText(state, output),
    instantText(logicalDate),
    startedAt === null ? "-" : instantText(startedAt),
    startedAt === null ? "" : age(Math.max(0, (endedAt ?? now) - startedAt)),
  ]);
  output.print(table(runColumns, rows, output));
}

function runJson({ runId, runType, state, logicalDate, startedAt, endedAt }: RunRecord): object {
  const time = (at: number | null) => (at === null ? null : instantText(at));
  return { run: runId, type: runType, state, logicalDate: instantText(logicalDate), startedAt: time(startedAt), endedAt: time(endedAt) };
}

function inTime(waitMs: number): string {
  return waitMs <= 0 ? "now" : `in ${age(waitMs)}`;
}
