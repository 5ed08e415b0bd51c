/** `celeriac control`: changes something in running workers, of either language. */
import type { CommandArguments } from "../command-table.ts";
import type { Output } from "../output.ts";
import { remoteCall } from "../remote-call.ts";

/** Resolves with the exit code. Throws as `remoteCall`. */
export function control(args: CommandArguments<"control">, output: Output): Promise<number> {
  return remoteCall("control", args, output);
}
