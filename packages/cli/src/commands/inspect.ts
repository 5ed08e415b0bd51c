/** `celeriac inspect`: asks workers, of either language, about themselves. */
import type { CommandArguments } from "../command-table.ts";
import type { Output } from "../output.ts";
import { remoteCall } from "../remote-call.ts";

/** Resolves with the exit code. Throws as `remoteCall`. */
export function inspect(args: CommandArguments<"inspect">, output: Output): Promise<number> {
  return remoteCall("inspect", args, output);
}
