/** `celeriac dag states`: how the task instances of a run stand. */
import type { InstanceRecord, RunRecord, TryRecord } from "@celeriac/airflow-bridge/dag-runtime";
import { CeleriacError } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { instantText, withDags } from "../dag-access.ts";
import { instanceName, stateText } from "../dag-states.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";
import { age } from "../text.ts";

const columns = [
  ...[{ title: "TASK" }, { title: "OPERATOR" }, { title: "STATE" }, { title: "TRY", align: "right" } as const],
  ...[{ title: "BEGAN" }, { title: "TOOK", align: "right" } as const, { title: "WHY" }],
];

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_RUN_UNKNOWN, DAG_STORE_*, CONFIG_*. */
export async function dagStates({ common, positionals, options }: CommandArguments<"dag states">, output: Output): Promise<number> {
  const place = { dagId: positionals.dag, runId: positionals.run };
  await withDags(common, async ({ store, runtime, dags }) => {
    const { run, instances, tries } = await store.read(async (tables) => ({
      run: await tables.runs.find(place),
      instances: await tables.instances.ofRun(place),
      tries: options.tries ? await tables.tries.ofRun(place) : [],
    }));
    if (run === null) throw new CeleriacError("DAG_RUN_UNKNOWN", `DAG ${place.dagId} has no run ${JSON.stringify(place.runId)}`);
    const order = new Map([...(dags.get(place.dagId)?.tasks.keys() ?? [])].map((id, at) => [id, at]));
    const sorted = [...instances].sort((a, b) => (order.get(a.taskId) ?? 0) - (order.get(b.taskId) ?? 0) || a.mapIndex - b.mapIndex);
    if (output.json) output.result("", statesJson(run, sorted, options.tries ? tries : null));
    else show(run, sorted, { tries, now: runtime.clock.now() }, output);
  });
  return exitCode.done;
}

interface Shown {
  readonly tries: readonly TryRecord[];
  readonly now: number;
}

function show(run: RunRecord, instances: readonly InstanceRecord[], { tries, now }: Shown, output: Output): void {
  const took = (began: number | null, ended: number | null) => (began === null ? "" : age(Math.max(0, (ended ?? now) - began)));
  const rows = instances.flatMap((instance) => [
    [
      instanceName(instance),
      instance.operator,
      stateText(instance.state, output),
      instance.tryNumber === 0 ? "" : String(instance.tryNumber),
      instance.startedAt === null ? "" : instantText(instance.startedAt),
      took(instance.startedAt, instance.endedAt),
      instance.reason ?? "",
    ],
    ...tries
      .filter(({ taskId, mapIndex }) => taskId === instance.taskId && mapIndex === instance.mapIndex)
      .map((each) => [
        ...[output.colors.dim("  try"), "", stateText(each.state, output), String(each.tryNumber)],
        ...[each.startedAt === null ? "" : instantText(each.startedAt), took(each.startedAt, each.endedAt), each.reason ?? ""],
      ]),
  ]);
  output.print(table(columns, rows, output));
  output.remark(`\nrun ${run.runId} ${run.state}`);
}

function statesJson(
  { dagId, runId, state, logicalDate }: RunRecord,
  instances: readonly InstanceRecord[],
  tries: readonly TryRecord[] | null,
): object {
  const time = (at: number | null) => (at === null ? null : instantText(at));
  const common = ({ taskId, mapIndex, state, tryNumber, startedAt, endedAt, reason, hostname }: InstanceRecord | TryRecord) => ({
    ...{ task: taskId, mapIndex, state, try: tryNumber, startedAt: time(startedAt), endedAt: time(endedAt), hostname, reason },
  });
  return {
    ...{ dag: dagId, run: runId, state, logicalDate: instantText(logicalDate) },
    instances: instances.map((each) => ({ ...common(each), operator: each.operator, maxTries: each.maxTries })),
    ...(tries === null ? {} : { tries: tries.map(common) }),
  };
}
