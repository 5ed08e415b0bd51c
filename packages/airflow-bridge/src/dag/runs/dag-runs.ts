/** What the monitor reads of a DAG store. */
import type {
  DagEntry,
  DagGrid,
  DagGridRun,
  DagInstanceView,
  DagRunEntry,
  DagRuns,
  DagRunView,
  DagTaskEntry,
  DagTryView,
} from "@celeriac/core/runtime";
import type { DagRecord, InstanceRecord, RunRecord, TryRecord } from "../records.ts";
import type { DagStore } from "../store/store.ts";

/** Runs that a list of DAGs shows of each. */
const runsOfEntry = 12;

export function createDagRuns(store: DagStore): Omit<DagRuns, "isThere"> {
  return {
    dags: () =>
      store.read(async ({ dags, runs }) => {
        const latest = await runs.latest(runsOfEntry);
        return (await dags.all()).map((dag): DagEntry => ({ ...entryOf(dag), runs: (latest.get(dag.dagId) ?? []).map(runEntry) }));
      }),
    dag: (dagId, count) =>
      store.read(async (tables) => {
        const dag = await tables.dags.find(dagId);
        if (dag === null) return null;
        const latest = await tables.runs.list({ dagId, limit: count });
        const instances = await tables.instances.ofRuns(latest);
        const runs = latest.map((run, at) => gridRun(run, instances[at]!));
        const seen = runs.flatMap(({ cells }) => Object.keys(cells));
        return { ...entryOf(dag), tasks: withSeen(readShape(dag.shape).tasks, seen), runs } satisfies DagGrid;
      }),
    run: (dagId, runId) =>
      store.read(async ({ dags, runs, instances, tries }) => {
        const run = await runs.find({ dagId, runId });
        if (run === null) return null;
        const [dag, own, ended] = [await dags.find(dagId), await instances.ofRun(run), await tries.ofRun(run)];
        const tasks = withSeen(
          readShape(dag?.shape ?? "{}").tasks,
          own.map(({ taskId }) => taskId),
        );
        const { params, backfillId } = run;
        const views = own.map((instance) => instanceView(instance, ended));
        return { ...runEntry(run), dagId, params, backfillId, tasks, instances: views } satisfies DagRunView;
      }),
    close: () => store.close(),
  };
}

function entryOf({ dagId, isPaused, nextRun, seenAt, shape }: DagRecord): Omit<DagEntry, "runs"> {
  const { schedule, tags, tasks } = readShape(shape);
  return { dagId, schedule, tags, isPaused, nextRunAt: nextRun?.runAfter ?? null, seenAt, taskCount: tasks.length };
}

function runEntry({ runId, runType, state, logicalDate, createdAt, startedAt, endedAt }: RunRecord): DagRunEntry {
  return { runId, runType, state, logicalDate, createdAt, startedAt, endedAt };
}

function gridRun(run: RunRecord, instances: readonly InstanceRecord[]): DagGridRun {
  const cells: Record<string, Record<string, number>> = {};
  for (const { taskId, state } of instances) {
    cells[taskId] ??= {};
    cells[taskId][state] = (cells[taskId][state] ?? 0) + 1;
  }
  return { ...runEntry(run), cells };
}

function instanceView(instance: InstanceRecord, tries: readonly TryRecord[]): DagInstanceView {
  const { taskId, mapIndex, state, tryNumber, maxTries, queue, pool, priorityWeight, hostname } = instance;
  const { queuedAt, startedAt, endedAt, nextAt, reason } = instance;
  const own = tries.filter((each) => each.taskId === taskId && each.mapIndex === mapIndex).map(tryView);
  const place = { taskId, mapIndex, state, tryNumber, maxTries, queue, pool, priorityWeight, hostname };
  return { ...place, queuedAt, startedAt, endedAt, nextAt, reason, tries: own };
}

function tryView({ tryNumber, state, hostname, startedAt, endedAt, reason }: TryRecord): DagTryView {
  return { tryNumber, state, hostname, startedAt, endedAt, reason };
}

interface Shape {
  readonly schedule: string | null;
  readonly tags: readonly string[];
  readonly tasks: readonly DagTaskEntry[];
}

/** As a scheduler wrote it down: what it did not say, as a scheduler of another version may not, is left empty. */
function readShape(text: string): Shape {
  const { schedule = null, tags = [], tasks = [] } = JSON.parse(text) as Partial<Shape>;
  const known = tasks.map(({ id, group, operator, upstream, triggerRule }) => ({ id, group, operator, upstream, triggerRule }));
  return { schedule, tags, tasks: known };
}

function withSeen(tasks: readonly DagTaskEntry[], seen: readonly string[]): readonly DagTaskEntry[] {
  const known = new Set(tasks.map(({ id }) => id));
  const gone = [...new Set(seen)].filter((id) => !known.has(id));
  return [...tasks, ...gone.map((id) => ({ id, group: null, operator: "", upstream: [], triggerRule: "" }))];
}
