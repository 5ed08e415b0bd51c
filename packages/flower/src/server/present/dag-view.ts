/** DAGs, runs and task instances as the API gives them: in epoch seconds, without secrets. Pure. */
import type * as kept from "@celeriac/core/runtime";
import type { DagGridRow, DagInstance, DagRow, DagRunRow, DagRunView, DagView } from "../../shared/dag-contract.ts";
import type { Redactor } from "../security/redaction.ts";

export function dagRow({ runs, ...dag }: kept.DagEntry): DagRow {
  return { ...headOf(dag), runs: runs.map(runRow) };
}

export function dagView({ runs, tasks, ...dag }: kept.DagGrid): DagView {
  return { ...headOf(dag), tasks, runs: runs.map((run): DagGridRow => ({ ...runRow(run), cells: run.cells })) };
}

export function dagRunView(run: kept.DagRunView, redactor: Redactor): DagRunView {
  const { dagId: dag, params, backfillId: backfill, tasks, instances } = run;
  const shown = redactor.value(params) as object;
  return { ...runRow(run), dag, params: shown, backfill, tasks, instances: instances.map((each) => instanceOf(each, redactor)) };
}

function headOf({ dagId: id, schedule, tags, isPaused: paused, nextRunAt, seenAt, taskCount }: Omit<kept.DagEntry, "runs">) {
  return { id, schedule, tags, paused, nextRun: seconds(nextRunAt), seen: seenAt / 1000, taskCount };
}

function runRow({ runId: id, runType: type, state, logicalDate, createdAt, startedAt, endedAt }: kept.DagRunEntry): DagRunRow {
  const times = { logicalDate: logicalDate / 1000, created: createdAt / 1000, started: seconds(startedAt), ended: seconds(endedAt) };
  return { id, type, state, ...times };
}

function instanceOf(instance: kept.DagInstanceView, redactor: Redactor): DagInstance {
  const { taskId: task, mapIndex, state, tryNumber, maxTries, queue, pool, priorityWeight: weight, hostname } = instance;
  const { queuedAt, startedAt, endedAt, nextAt, reason, tries } = instance;
  const shown = (text: string | null) => (text === null ? null : redactor.text(text));
  return {
    ...{ task, mapIndex, state, tryNumber, maxTries, queue, pool, weight, hostname, reason: shown(reason) },
    ...{ queued: seconds(queuedAt), started: seconds(startedAt), ended: seconds(endedAt), next: seconds(nextAt) },
    tries: tries.map((each) => ({
      ...{ number: each.tryNumber, state: each.state, hostname: each.hostname, reason: shown(each.reason) },
      ...{ started: seconds(each.startedAt), ended: each.endedAt / 1000 },
    })),
  };
}

function seconds(epochMs: number | null): number | null {
  return epochMs === null ? null : epochMs / 1000;
}
