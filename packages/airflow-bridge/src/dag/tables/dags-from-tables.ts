/** `dagsFromTables()`: the DAGs of an app that operators make with rows, without touching its code. */
import { fileURLToPath } from "node:url";
import type { App } from "@celeriac/core";
import { CeleriacError, checkOptions, isText, type OptionCheck, redactUrl, shownValue } from "@celeriac/core/runtime";
import { createDag, type Dag, requireRuntime } from "../definition/dag.ts";
import { registerRunTask } from "../executors/run-task.ts";
import { registerLiveDags } from "../registry.ts";
import { defaultPrefix } from "./schema.ts";
import { createTableDags } from "./table-dags.ts";

export interface TableOptions {
  /** where the tables lie: "sqlite:///var/lib/control.db" or "postgresql://user@host/database" */
  url: string;
  /** the folder of the scripts: new URL("./processes/", import.meta.url) */
  scripts: URL;
  /** of the names of the tables; "control_" */
  prefix?: string;
}

export interface DagsOfTables {
  /** The DAG of a stream, as its rows are now. Throws DAG_UNKNOWN, DAG_TABLES_MISSING, DAG_STORE_*. */
  dag(stream: string): Promise<Dag>;
}

const checks: Readonly<Record<keyof TableOptions, OptionCheck>> = {
  url: isText,
  scripts: (value) => value instanceof URL && value.protocol === "file:",
  prefix: (value) => typeof value === "string" && /^[a-z_][a-z0-9_]{0,30}$/.test(value),
};

/**
 * Makes a DAG of each stream in the tables, beside those that `dag()` makes. Connects nothing when the module is loaded: the rows are read when a
 * scheduler, a worker or a command asks, and again every `tablesReadInterval`. Throws DAG_DEFINITION, CONFIG_UNKNOWN.
 */
// biome-ignore lint/suspicious/noExplicitAny: any app
export function dagsFromTables(app: App<any>, options: TableOptions): DagsOfTables {
  const runtime = requireRuntime(app, "dagsFromTables(app, options)");
  const refused = (name: string, value: unknown) =>
    new CeleriacError("DAG_DEFINITION", `Option ${name} of dagsFromTables() cannot be ${name === "url" ? "that" : shownValue(value)}`);
  checkOptions("dagsFromTables()", checks, options, refused);
  const { url, scripts, prefix = defaultPrefix } = options;
  if (url === undefined || scripts === undefined)
    throw new CeleriacError("DAG_DEFINITION", "dagsFromTables() needs the options url and scripts");
  const folder = new URL(scripts.href.endsWith("/") ? scripts : `${scripts.href}/`);
  const tables = createTableDags(app, runtime, { url, prefix, scripts: folder });
  registerLiveDags(app, tables);
  registerRunTask(app);
  return Object.freeze({
    async dag(stream: string) {
      await tables.refresh(0);
      const drawn = tables.find(stream);
      if (drawn !== undefined) return createDag(app, runtime, drawn);
      const where = `${redactUrl(url)}, with scripts in ${fileURLToPath(folder)}`;
      throw new CeleriacError("DAG_UNKNOWN", `There is no stream ${shownValue(stream)} that is enabled and right in ${where}`);
    },
  });
}
