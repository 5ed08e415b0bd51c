/** How the end of a task is shown, and which exit code tells it. */
import type { Outcome } from "@celeriac/core";
import { exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";

export interface Report {
  readonly id: string;
  readonly outcome: Outcome<unknown>;
  /** how one sees where a task failed, or null */
  readonly whereHint: string | null;
}

/** Shows it; the exit code. */
export function report({ id, outcome, whereHint }: Report, output: Output): number {
  if (outcome.state === "SUCCESS") {
    output.result(valueText(outcome.value), { id, state: outcome.state, result: outcome.value ?? null });
    return exitCode.done;
  }
  if (output.json) output.result("", { id, state: outcome.state, error: errorFields(outcome) });
  else if (outcome.state === "FAILURE" && outcome.error.remote.traceback !== null) output.error(outcome.error, whereHint);
  else output.error(outcome.error);
  return exitCode.taskFailed;
}

/** A text as it is, everything else as JSON. */
function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null, null, 2);
}

function errorFields(outcome: Exclude<Outcome<unknown>, { state: "SUCCESS" }>): object {
  const { code, message } = outcome.error;
  if (outcome.state === "REVOKED") return { code, message, reason: outcome.error.reason };
  const { type, args, traceback } = outcome.error.remote;
  return { code, message, type, args, traceback };
}
