/** `celeriac dag connections`: shows and changes the connections in the store. */
import type { Connection, DagStore } from "@celeriac/airflow-bridge/dag-runtime";
import { CeleriacError, environmentOfProcess } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { withDags } from "../dag-access.ts";
import { type Keeping, readKeeping } from "../dag-keeping.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";

/** Resolves with the exit code. Throws COMMAND_USAGE, APP_NOT_FOUND, DAG_CONNECTION_*, DAG_STORE_*, CONFIG_*. */
export async function dagConnections({ common, positionals }: CommandArguments<"dag connections">, output: Output): Promise<number> {
  const asked = await readKeeping("dag connections", positionals);
  await withDags(common, ({ store }) => keep(asked, store, output));
  return exitCode.done;
}

async function keep(asked: Keeping, store: DagStore, output: Output): Promise<void> {
  const { createConnectionReader, readConnection, storedConnections } = await import("@celeriac/airflow-bridge/dag-runtime");
  switch (asked.kind) {
    case "list":
      return await list(await store.read(({ connections }) => connections.all()), output);
    case "get": {
      const found = await createConnectionReader(environmentOfProcess(), storedConnections(store)).connection(asked.name);
      return output.result(JSON.stringify(airflowForm(found), null, 2), airflowForm(found));
    }
    case "set": {
      const connection = readConnection(asked.name, asked.value, "VALUE");
      await store.write(({ connections }) => connections.put(connection));
      return output.result(`The store keeps the connection ${asked.name}.`, { connection: asked.name });
    }
    case "remove": {
      if (!(await store.write(({ connections }) => connections.remove(asked.name))))
        throw new CeleriacError("DAG_CONNECTION_MISSING", `The store has no connection ${JSON.stringify(asked.name)}`);
      return output.result(`The store keeps no connection ${asked.name} any more.`, { connection: asked.name });
    }
  }
}

const columns = [
  ...[{ title: "ID" }, { title: "TYPE" }, { title: "HOST" }, { title: "PORT", align: "right" } as const],
  ...[{ title: "SCHEMA" }, { title: "LOGIN" }, { title: "PASSWORD" }, { title: "EXTRA" }],
];

async function list(connections: readonly Connection[], output: Output): Promise<void> {
  const { withoutNamedSecrets } = await import("@celeriac/airflow-bridge/dag-runtime");
  const shown = connections.map((each) => withoutNamedSecrets(each) as Connection);
  if (output.json) return output.result("", { connections: shown });
  if (shown.length === 0) return output.remark("The store has no connections: celeriac dag import takes those of an Airflow over.");
  const rows = shown.map(({ id, type, host, port, schema, login, password, extra }) => [
    ...[id, type, host ?? "", port === null ? "" : String(port), schema ?? "", login ?? "", password ?? ""],
    Object.keys(extra).length === 0 ? "" : JSON.stringify(extra),
  ]);
  output.print(table(columns, rows, output));
}

/** What AIRFLOW_CONN_<ID> may hold. */
function airflowForm({ type, host, login, password, port, schema, extra }: Connection): object {
  return { conn_type: type, host, login, password, port, schema, extra };
}
