/** `celeriac control`: changes something in running workers, of either language. */
import type { CommandArguments } from "../command-table.ts";
import type { Output } from "../output.ts";
import { isPausingAction, pausing } from "../pausing.ts";
import { remoteCall } from "../remote-call.ts";

/** Resolves with the exit code. Throws as `remoteCall` and `pausing`. */
export function control(args: CommandArguments<"control">, output: Output): Promise<number> {
  const { command } = args.positionals;
  if (isPausingAction(command) && !args.options.list) return pausing(command, args, output);
  return remoteCall("control", args, output);
}
