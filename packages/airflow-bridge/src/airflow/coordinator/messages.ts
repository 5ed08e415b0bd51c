/**
 * What a task's process and its supervisor say to each other, as Airflow's coordinator protocol has it (its schema 2026-06-16, of Airflow 3.3).
 * Names of fields are those of the Task Execution API.
 */
import type { DownstreamTask, TaskRunContext, XComPlace } from "../execution-api/types.ts";

/** The first frame, with id 0: the server has agreed that the task runs. */
export type StartupDetails = {
  readonly type: "StartupDetails";
  readonly ti: WireTaskInstance;
  readonly dag_rel_path: string;
  readonly bundle_info: unknown;
  readonly start_date: string;
  readonly ti_context: TaskRunContext;
  readonly sentry_integration: string;
};

export type WireTaskInstance = {
  readonly id: string;
  readonly dag_id: string;
  readonly task_id: string;
  readonly run_id: string;
  readonly try_number: number;
  /** -1, as null: not mapped */
  readonly map_index?: number | null;
} & Readonly<Record<string, unknown>>;

/** What a task's process asks for; each is answered. */
export type Request =
  | { readonly type: "GetVariable"; readonly key: string }
  | { readonly type: "PutVariable"; readonly key: string; readonly value: string | null; readonly description: string | null }
  | { readonly type: "DeleteVariable"; readonly key: string }
  | { readonly type: "GetConnection"; readonly conn_id: string }
  | ({ readonly type: "GetXCom"; readonly include_prior_dates: boolean } & XComPlace)
  | ({ readonly type: "SetXCom"; readonly value: unknown; readonly mapped_length: number | null } & XComPlace)
  | ({ readonly type: "DeleteXCom" } & XComPlace)
  | { readonly type: "SkipDownstreamTasks"; readonly tasks: readonly DownstreamTask[] }
  | { readonly type: "MaskSecret"; readonly value: unknown; readonly name: string | null };

/** How a task ended: the last thing its process says. */
export type Ending =
  | { readonly type: "SucceedTask"; readonly end_date: string; readonly task_outlets: readonly []; readonly outlet_events: readonly [] }
  | { readonly type: "TaskState"; readonly state: "failed" | "skipped" | "removed"; readonly end_date: string }
  | { readonly type: "RescheduleTask"; readonly reschedule_date: string; readonly end_date: string }
  | { readonly type: "RetryTask"; readonly end_date: string; readonly retry_reason: string | null };

/** Codes of `ErrorResponse`, in an answer's place. */
export type WireError =
  | "VARIABLE_NOT_FOUND"
  | "CONNECTION_NOT_FOUND"
  | "XCOM_NOT_FOUND"
  | "PERMISSION_DENIED"
  | "API_SERVER_ERROR"
  | "GENERIC_ERROR";
