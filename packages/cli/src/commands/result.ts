/** `celeriac result`: prints what became of a task that was sent earlier. */
import type { Outcome, TaskSnapshot } from "@celeriac/core";
import { tracebackHint } from "../call-hint.ts";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import { withResults } from "../load-app.ts";
import type { Output } from "../output.ts";
import { report } from "../task-report.ts";

/** Resolves with the exit code. Throws BACKEND_*, RESULT_TIMEOUT, RESULT_DISABLED, RESULT_UNREADABLE, CONFIG_*, MEMORY_OUT_OF_REACH, APP_NOT_FOUND. */
export async function result(args: CommandArguments<"result">, output: Output): Promise<number> {
  const { id } = args.positionals;
  const { wait, timeout, traceback } = args.options;
  return await withResults(args.common, async (app) => {
    const handle = app.result(id);
    const outcome = wait ? await handle.settled({ timeout: timeout ?? "60s" }) : ended(await handle.snapshot(), output);
    if (outcome === null) return exitCode.notEnded;
    const code = report({ id, outcome, whereHint: traceback ? null : tracebackHint(id, args.common) }, output);
    if (traceback && outcome.state === "FAILURE" && !output.json)
      output.print(outcome.error.remote.traceback ?? "The other side sent no traceback.");
    return code;
  });
}

/** The outcome, or null, having said so, when there is none yet. */
function ended(snapshot: TaskSnapshot<unknown>, output: Output): Outcome<unknown> | null {
  switch (snapshot.state) {
    case "SUCCESS":
    case "FAILURE":
    case "REVOKED":
      return snapshot;
    default: {
      const { id, state, progress, retries } = snapshot;
      const shown = state === "CUSTOM" ? snapshot.custom : state;
      const known = state === "PENDING" ? { known: snapshot.known } : {};
      if (output.json) output.result("", { id, state: shown, ...known, ...(progress === undefined ? {} : { progress }), retries });
      else output.remark(`${shown}${progress === undefined ? "" : ` ${JSON.stringify(progress)}`}: ${explanation(snapshot)}`);
      return null;
    }
  }
}

function explanation(snapshot: TaskSnapshot<unknown>): string {
  if (snapshot.state === "PENDING" && !snapshot.known)
    return "nothing is stored under this id; it waits, was never sent, or its result has expired";
  return snapshot.state === "RETRY" ? `it failed and will run again (${snapshot.error.message})` : "it has not ended yet";
}
