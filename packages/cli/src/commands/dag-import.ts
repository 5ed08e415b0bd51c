/** `celeriac dag import`: takes over connections or variables of an Airflow. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { CeleriacError, reasonOf } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_IMPORT, DAG_CONNECTION_INVALID, DAG_STORE_*, CONFIG_*. */
export async function dagImport(
  { common, positionals: { file }, options }: CommandArguments<"dag import">,
  output: Output,
): Promise<number> {
  const { keepImported, readImport } = await import("@celeriac/airflow-bridge/dag-runtime");
  const imported = readImport(basename(file), readText(file), options.as);
  const { added, changed, same, left } = await withDags(common, ({ store }) => keepImported(store, imported, options.overwrite));
  const { kind } = imported;
  output.result(`${kind}: ${added.length} new, ${changed.length} changed, ${same.length} as they were, ${left.length} left alone.`, {
    ...{ kind, added, changed, same, left },
  });
  if (left.length > 0) output.remark(`The store has others under these names, which --overwrite replaces: ${left.join(", ")}`);
  return exitCode.done;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CeleriacError("DAG_IMPORT", `${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}
