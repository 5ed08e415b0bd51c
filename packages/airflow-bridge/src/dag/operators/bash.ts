/** A command line, run by bash in a process group of its own, that Airflow's BashOperator would run alike. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Clock, reasonOf, redactText } from "@celeriac/core/runtime";
import type { Ending, Work, WorkContext } from "../model.ts";

/** Airflow's `skip_on_exit_code`. */
const skipExitCode = 99;
/** from SIGTERM to SIGKILL */
const killAfterMs = 5_000;
/** of its output, told when it fails */
const toldLines = 5;
const toldCharacters = 1_000;

/**
 * Gives the last line that it wrote to stdout, without it "". Arguments of the work are the values of the variables `names`; the others are the
 * worker's own, and those that Airflow sets.
 */
export function bashWork(command: string, names: readonly string[]): Work {
  return {
    kind: "run",
    async run(context, args): Promise<Ending> {
      const given = Object.fromEntries(names.map((name, at) => [name, textOf(args[at])]));
      const env = { ...context.environment, ...variablesOf(context), ...given };
      const child = spawn("bash", ["-c", command], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      const killing = new AbortController();
      if (context.signal.aborted) terminate(child, context.clock, killing.signal);
      else context.signal.addEventListener("abort", () => terminate(child, context.clock, killing.signal), { signal: killing.signal });
      try {
        return await endingOf(child, context);
      } finally {
        killing.abort();
      }
    },
  };
}

/** What Airflow tells a command of its run. */
function variablesOf(context: WorkContext): Record<string, string> {
  return {
    AIRFLOW_CTX_DAG_ID: context.dagId,
    AIRFLOW_CTX_TASK_ID: context.taskId,
    AIRFLOW_CTX_DAG_RUN_ID: context.runId,
    AIRFLOW_CTX_LOGICAL_DATE: context.logicalDate.toISOString(),
    AIRFLOW_CTX_TRY_NUMBER: String(context.tryNumber),
  };
}

async function endingOf(child: ChildProcess, context: WorkContext): Promise<Ending> {
  let value = "";
  const last: string[] = [];
  const hear = (stream: "stdout" | "stderr") => (line: string) => {
    context.log.info(line, { stream });
    if (stream === "stdout") value = line;
    last.push(line);
    if (last.length > toldLines) last.shift();
  };
  const heard = Promise.all([lines(child.stdout!, hear("stdout")), lines(child.stderr!, hear("stderr"))]);
  let ended: readonly unknown[];
  try {
    ended = await once(child, "exit");
  } catch (error) {
    return { kind: "failed", reason: `bash could not be started: ${reasonOf(error)}`, retryable: true };
  }
  await heard;
  const [code, signal] = ended;
  if (code === 0) return { kind: "success", value };
  if (code === skipExitCode) return { kind: "skipped", reason: `bash ended with exit code ${code}` };
  const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
  // Before it is cut: half a secret is not known as one.
  const said = last.length === 0 ? "" : `:\n${redactText(last.join("\n")).slice(-toldCharacters)}`;
  return { kind: "failed", reason: `bash ${how}${said}`, retryable: true };
}

/** Resolves at the end of the stream, which what bash has left running holds open. */
function lines(stream: Readable, hear: (line: string) => void): Promise<void> {
  const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", hear);
  // A stream that is destroyed closes without an end.
  stream.once("close", () => reader.close());
  return new Promise((resolve) => reader.once("close", resolve));
}

/** All of its group, until `over`: SIGTERM, and SIGKILL for what does not heed it. */
function terminate(child: ChildProcess, clock: Clock, over: AbortSignal): void {
  signalGroup(child, "SIGTERM");
  const late = clock.after(killAfterMs, () => {
    signalGroup(child, "SIGKILL");
    // Held by what has left the group.
    child.stdout!.destroy();
    child.stderr!.destroy();
  });
  over.addEventListener("abort", () => late.cancel());
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it has ended meanwhile.
  }
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
