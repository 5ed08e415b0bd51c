/** `celeriac dag test`: runs a DAG here, without store, scheduler or queue. */
import { maskWrites } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { dagIn } from "../dag-access.ts";
import { instanceName, stateText } from "../dag-states.ts";
import { exitCode } from "../exit-code.ts";
import { loadApp } from "../load-app.ts";
import { openLog } from "../open-log.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";

const columns = [{ title: "TASK" }, { title: "STATE" }, { title: "TRIES", align: "right" } as const, { title: "WHY" }];

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_UNKNOWN, CONFIG_*. */
export async function dagTest({ common, positionals, options }: CommandArguments<"dag test">, output: Output): Promise<number> {
  const { dagsOf, refreshDags, tryDag } = await import("@celeriac/airflow-bridge/dag-runtime");
  const { app, runtime } = await loadApp(common.app, process.cwd());
  maskWrites(process.stdout, process.stderr);
  try {
    runtime.setLogger(await openLog(output, { level: "info", file: null }));
    await runtime.loadIncludes();
    await refreshDags(app, 0);
    const dags = dagsOf(app);
    const dag = dagIn(dags, positionals.dag);
    const request = { logicalDate: options.logicalDate ?? undefined, params: options.params ?? undefined };
    const { state, reason, instances } = await tryDag(dag, request, { runtime, dags });
    if (output.json) {
      const told = instances.map(({ taskId: task, mapIndex, state, tries, reason }) => ({ task, mapIndex, state, tries, reason }));
      output.result("", { dag: dag.id, state, reason, instances: told });
    } else {
      const rows = instances.map((each) => [
        instanceName(each),
        stateText(each.state, output),
        each.tries === 0 ? "" : String(each.tries),
        each.reason ?? "",
      ]);
      output.print(table(columns, rows, output));
      output.print(`\n${dag.id} ${stateText(state, output)}${reason === null ? "" : `: ${reason}`}`);
    }
    return state === "success" ? exitCode.done : exitCode.taskFailed;
  } finally {
    await app.close();
  }
}
