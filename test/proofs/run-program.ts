/** Runs one of the programs of `programs/` on a world's broker. */
import { fileURLToPath } from "node:url";
import { sourceArguments } from "../support/celeriac-command.ts";
import type { FaultWorld } from "../support/fault/world.ts";
import { startPrivateProcess } from "../support/private-process.ts";

/** Resolves with the line of JSON it ends with; rejects with its output when it fails. */
export async function runProgram<T>(
  { broker, directory }: Pick<FaultWorld, "broker" | "directory">,
  name: string,
  words: readonly number[],
): Promise<T> {
  const path = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
  const args = [...sourceArguments, path, broker, ...words.map(String)];
  const program = startPrivateProcess({ command: process.execPath, args, cwd: directory });
  const end = await program.ended;
  const line = program
    .output()
    .split("\n")
    .findLast((text) => text.startsWith("{"));
  if (end !== 0 || line === undefined) throw new Error(`${name} ended with ${end}:\n${program.output()}`);
  return JSON.parse(line) as T;
}
