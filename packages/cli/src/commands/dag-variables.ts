/** `celeriac dag variables`: shows and changes the variables in the store. */
import type { DagStore } from "@celeriac/airflow-bridge/dag-runtime";
import { CeleriacError, environmentOfProcess } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { withDags } from "../dag-access.ts";
import { type Keeping, readKeeping } from "../dag-keeping.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";

/** Resolves with the exit code. Throws COMMAND_USAGE, APP_NOT_FOUND, DAG_VARIABLE_MISSING, DAG_STORE_*, CONFIG_*. */
export async function dagVariables({ common, positionals }: CommandArguments<"dag variables">, output: Output): Promise<number> {
  const asked = await readKeeping("dag variables", positionals);
  await withDags(common, ({ store }) => keep(asked, store, output));
  return exitCode.done;
}

async function keep(asked: Keeping, store: DagStore, output: Output): Promise<void> {
  const { createConnectionReader, storedConnections } = await import("@celeriac/airflow-bridge/dag-runtime");
  switch (asked.kind) {
    case "list":
      return await list(await store.read(({ variables }) => variables.all()), output);
    case "get": {
      const value = await createConnectionReader(environmentOfProcess(), storedConnections(store)).variable(asked.name);
      return output.result(value, { variable: asked.name, value });
    }
    case "set": {
      await store.write(({ variables }) => variables.put(asked.name, asked.value));
      return output.result(`The store keeps the variable ${asked.name}.`, { variable: asked.name });
    }
    case "remove": {
      if (!(await store.write(({ variables }) => variables.remove(asked.name))))
        throw new CeleriacError("DAG_VARIABLE_MISSING", `The store has no variable ${JSON.stringify(asked.name)}`);
      return output.result(`The store keeps no variable ${asked.name} any more.`, { variable: asked.name });
    }
  }
}

async function list(variables: ReadonlyMap<string, string>, output: Output): Promise<void> {
  const { shownVariable } = await import("@celeriac/airflow-bridge/dag-runtime");
  const shown = [...variables].map(([key, value]) => [key, shownVariable(key, value)] as const);
  if (output.json) return output.result("", { variables: Object.fromEntries(shown) });
  if (shown.length === 0) return output.remark("The store has no variables: celeriac dag import takes those of an Airflow over.");
  const rows = shown.map(([key, value]) => [key, value.replaceAll(/\s*\n\s*/g, " ")]);
  output.print(table([{ title: "KEY" }, { title: "VALUE" }], rows, output));
}
