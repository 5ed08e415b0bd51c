/** `celeriac purge`: deletes what waits in queues, having asked. */
import { createInterface } from "node:readline/promises";
import { CeleriacError } from "@celeriac/core/runtime";
import { withBroker } from "../broker-access.ts";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";
import { counted } from "../text.ts";

const columns = [{ title: "QUEUE" }, { title: "DELETED", align: "right" }] as const;

/** Resolves with the exit code. Throws COMMAND_USAGE, BROKER_*, CONFIG_*, APP_NOT_FOUND. */
export async function purge({ common, positionals, options }: CommandArguments<"purge">, output: Output): Promise<number> {
  const mayAsk = process.stdin.isTTY === true && !output.json;
  if (!options.force && !mayAsk)
    throw new CeleriacError(
      "COMMAND_USAGE",
      "purge asks before it deletes, and there is no terminal to ask on: --force deletes all the same",
    );
  return await withBroker(common, async ({ broker, runtime }) => {
    const named = [...positionals.queues, ...options.queues];
    const wanted = named.length > 0 ? named : runtime.queues.names;
    const names = [...new Set(wanted)].filter((name) => !options.excludeQueues.includes(name));
    if (names.length === 0) throw new CeleriacError("COMMAND_USAGE", "no queue is left: --exclude-queues takes out all that are named");
    if (!options.force && !(await isConfirmed(await Promise.all(names.map((name) => broker.queues.length(name))), names))) {
      output.remark("Nothing was deleted.");
      return exitCode.failed;
    }
    const purged: Record<string, number> = {};
    for (const name of names) purged[name] = await broker.queues.purge(name);
    const total = Object.values(purged).reduce((sum, count) => sum + count, 0);
    if (output.json) output.result("", { purged, total });
    else
      output.print(
        table(
          columns,
          Object.entries(purged).map(([name, count]) => [name, String(count)]),
          output,
        ),
      );
    return exitCode.done;
  });
}

/** Delayed messages are not among those that are counted. */
async function isConfirmed(lengths: readonly number[], names: readonly string[]): Promise<boolean> {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `Delete ${counted(total, "message")}, and those that are delayed, from ${names.join(", ")}? [y/N] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
