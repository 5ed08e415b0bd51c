/** `celeriac airflow doctor`: says of all that a worker of Airflow's tasks needs whether it is there. */
import type { Finding } from "@celeriac/airflow-bridge/airflow";
import { systemClock } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";

const signs = { good: "ok", doubtful: "look", bad: "wrong" } as const;
const widest = "result backend".length;

/** Resolves with the exit code. */
export async function airflowDoctor({ options }: CommandArguments<"airflow doctor">, output: Output): Promise<number> {
  const { examine } = await import("@celeriac/airflow-bridge/airflow");
  const findings: Finding[] = [];
  // Each as it comes: some take seconds.
  for await (const finding of examine({ environment: process.env, team: options.team, clock: systemClock })) {
    findings.push(finding);
    if (!output.json) output.print(lineOf(finding, output));
  }
  const isWell = findings.every(({ verdict }) => verdict !== "bad");
  if (output.json) output.result("", { well: isWell, findings });
  return isWell ? exitCode.done : exitCode.failed;
}

function lineOf({ what, verdict, text, remedy }: Finding, { colors }: Output): string {
  const color = { good: colors.green, doubtful: colors.yellow, bad: colors.red }[verdict];
  const head = `${color(signs[verdict].padEnd(5))}  ${what.padEnd(widest)}  ${text}`;
  return remedy === null ? head : `${head}\n${" ".repeat(9 + widest)}${colors.dim(remedy)}`;
}
