/** Follows one workload's process by the lines that come on its connection, from the process and from the fork-server, until both have no more to say. */
import type { Socket } from "node:net";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import type { Outcome } from "../outcome.ts";

/** See fork-server.py. */
type Line =
  | { readonly pid: number }
  | { readonly outcome: "success" }
  | { readonly outcome: "failure"; readonly error: string }
  | { readonly outcome: "ignore"; readonly reason: string }
  /** the exit code, or the signal's number below 0 */
  | { readonly exit: number };

export interface ForkedRun {
  /** null until its process has begun */
  pid(): number | null;
  /** null: no process has begun */
  readonly outcome: Promise<Outcome | null>;
}

export function followRun(connection: Socket, celeryId: string): ForkedRun {
  let pid: number | null = null;
  let said: Exclude<Line, { readonly pid: number } | { readonly exit: number }> | null = null;
  let exit: number | null = null;
  const lines = createInterface({ input: connection });
  // It repeats what the connection says of its end.
  lines.on("error", () => {});
  lines.on("line", (text) => {
    const line = JSON.parse(text) as Line;
    if ("pid" in line) pid = line.pid;
    else if ("exit" in line) exit = line.exit;
    else said = line;
  });
  const outcome = new Promise<Outcome | null>((resolve) => {
    connection.once("close", () => resolve(pid === null ? null : outcomeOf(pid)));
  });
  const outcomeOf = (of: number): Outcome => {
    if (said?.outcome === "ignore") return { kind: "ignore", reason: said.reason };
    if (said?.outcome === "success" || (said === null && exit === 0)) return { kind: "success" };
    const how = exit === null ? "unknown" : exit;
    const why = said?.outcome === "failure" ? `: ${said.error}` : "";
    return {
      kind: "failure",
      message: `Celery command failed on host: ${hostname()} with celery_task_id ${celeryId} (PID: ${of}, Return Code: ${how})${why}`,
    };
  };
  return { pid: () => pid, outcome };
}
