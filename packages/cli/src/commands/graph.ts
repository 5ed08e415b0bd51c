/** `celeriac graph`: draws a signature out of a file, or what a task has sent. */
import type { App } from "@celeriac/core";
import { signatureGraph } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import { graphFormats } from "../graph-text.ts";
import { withResults } from "../load-app.ts";
import type { Output } from "../output.ts";
import { resultGraph } from "../result-graph.ts";
import { findSignatureFile, readSignatureFile } from "../signature-file.ts";

/** Resolves with the exit code. Throws COMMAND_USAGE for a file that holds no signature, and what `celeriac result` throws. */
export async function graph({ positionals, options, common }: CommandArguments<"graph">, output: Output): Promise<number> {
  const { target } = positionals;
  const file = findSignatureFile(target, "graph");
  const drawn =
    file === null
      ? await withResults(common, (app: App) => resultGraph(app.result(target)))
      : signatureGraph(await readSignatureFile(file, "graph"));
  output.result(graphFormats[options.format as keyof typeof graphFormats](drawn), drawn);
  return exitCode.done;
}
