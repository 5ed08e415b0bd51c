/** What the supervisor of a try must know of Airflow 3's workload, read from the text that the message bore. Everything else is passed on as it came. */
import { CeleriacError, jsonSerializer } from "@celeriac/core/runtime";
import type { WireTaskInstance } from "./coordinator/messages.ts";
import type { TaskWorkload } from "./workload.ts";

export interface ExecuteTask {
  /** accepted by the Task Execution API, from ten minutes after it was queued on no more */
  readonly token: string;
  readonly ti: WireTaskInstance;
  readonly dagRelPath: string;
  readonly bundleInfo: unknown;
  /** relative to Airflow's folder of logs; null: none */
  readonly logPath: string | null;
  readonly sentryIntegration: string;
}

/** Throws AIRFLOW_MESSAGE for what is no task's, without a word of its text. */
export function readExecuteTask(workload: TaskWorkload): ExecuteTask {
  if (workload.type !== "ExecuteTask") throw unreadable(`it is ${workload.type}, and only ExecuteTask can run in TypeScript`);
  const { token, ti, dag_rel_path, bundle_info, log_path, sentry_integration } = fieldsOf(workload.text);
  if (typeof token !== "string" || token === "") throw unreadable("it has no token");
  if (!isTaskInstance(ti)) throw unreadable("its ti lacks one of id, dag_id, task_id, run_id and try_number");
  return {
    ...{ token, ti, dagRelPath: textOr(dag_rel_path, ""), bundleInfo: bundle_info ?? null },
    ...{ logPath: typeof log_path === "string" && log_path !== "" ? log_path : null, sentryIntegration: textOr(sentry_integration, "") },
  };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = jsonSerializer.read(Buffer.from(text)).value;
  } catch {
    // The parser's words quote the text, and a token may be in it.
    throw unreadable("it is no JSON");
  }
  if (typeof value !== "object" || value === null) throw unreadable("it is no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

function isTaskInstance(ti: unknown): ti is WireTaskInstance {
  if (typeof ti !== "object" || ti === null) return false;
  const { id, dag_id, task_id, run_id, try_number } = ti as Readonly<Record<string, unknown>>;
  return [id, dag_id, task_id, run_id].every((each) => typeof each === "string") && typeof try_number === "number";
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function unreadable(why: string): CeleriacError {
  return new CeleriacError("AIRFLOW_MESSAGE", `The workload cannot be run: ${why}`);
}
