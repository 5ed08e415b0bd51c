/** `celeriac dag rotate-fernet-key`: encrypts the connections and variables in the store anew. */
import type { CommandArguments } from "../command-table.ts";
import { withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { counted } from "../text.ts";

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_FERNET_KEY, DAG_STORE_*, CONFIG_*. */
export async function dagRotateFernetKey({ common }: CommandArguments<"dag rotate-fernet-key">, output: Output): Promise<number> {
  const { dagSettings, rotateFernetKey } = await import("@celeriac/airflow-bridge/dag-runtime");
  const isEncrypted = dagSettings().fernetKey !== null;
  const written = await withDags(common, ({ store }) => rotateFernetKey(store));
  const what = `${counted(written.connections, "connection")} and ${counted(written.variables, "variable")}`;
  output.result(
    isEncrypted ? `${what} are encrypted with the first key.` : `${what} are not encrypted: CELERIAC_DAG_FERNET_KEY is not set.`,
    {
      ...{ ...written, encrypted: isEncrypted },
    },
  );
  return exitCode.done;
}
