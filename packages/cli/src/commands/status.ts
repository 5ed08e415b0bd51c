/** `celeriac status`: which workers are there. */
import type { CommandArguments } from "../command-table.ts";
import type { Output } from "../output.ts";
import { remoteCall } from "../remote-call.ts";

/** Resolves with the exit code. Throws as `remoteCall`. */
export function status({ common, options }: CommandArguments<"status">, output: Output): Promise<number> {
  const positionals = { command: "ping", args: [] };
  return remoteCall("inspect", { common, positionals, options: { ...options, list: false, any: false } }, output);
}
