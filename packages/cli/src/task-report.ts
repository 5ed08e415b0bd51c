/** How the end of a task is shown, and which exit code tells it. */
import type { Outcome } from "@celeriac/core";
import { exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";

export function report(id: string, outcome: Outcome<unknown>, output: Output, textOf: (value: unknown) => string): number {
  if (outcome.state === "SUCCESS") {
    output.result(textOf(outcome.value), { id, state: outcome.state, result: outcome.value ?? null });
    return exitCode.done;
  }
  if (output.json) output.result("", { id, state: outcome.state, error: errorFields(outcome) });
  else if (outcome.state === "REVOKED") output.error(outcome.error);
  else output.error(outcome.error, `celeriac result ${id} --traceback shows where.`);
  return exitCode.taskFailed;
}

/** A text as it is, everything else as JSON. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null, null, 2);
}

function errorFields(outcome: Exclude<Outcome<unknown>, { state: "SUCCESS" }>): object {
  const { code, message } = outcome.error;
  if (outcome.state === "REVOKED") return { code, message, reason: outcome.error.reason };
  const { type, args, traceback } = outcome.error.remote;
  return { code, message, type, args, traceback };
}
