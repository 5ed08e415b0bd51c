/** The shapes of Airflow's Task Execution API, as far as they are used here: those of `executionApiVersion`, whose fields they are named after. */

/**
 * Which of its dated versions is spoken: the oldest that has all that is used, of Airflow 3.1, the first with `@task.stub`. Newer servers
 * speak it too, each translates; without the header they would take the newest.
 */
export const executionApiVersion = "2025-08-10";

/** What the server answers to `run`: the run that the task instance is part of, and what is decided already. Dates are ISO 8601. */
export interface TaskRunContext {
  readonly dag_run: DagRunContext;
  readonly max_tries: number;
  /** whether a failure of this try is followed by another one: the server decides, the worker tells the state that follows from it */
  readonly should_retry?: boolean;
  /** how often this try was put off */
  readonly task_reschedule_count?: number;
  /** XComs of an earlier try, which the worker takes away before the task begins */
  readonly xcom_keys_to_clear?: readonly string[];
}

export interface DagRunContext {
  readonly dag_id: string;
  readonly run_id: string;
  /** null: triggered by hand without one */
  readonly logical_date: string | null;
  readonly data_interval_start: string | null;
  readonly data_interval_end: string | null;
  readonly run_after: string;
  readonly run_type: string;
  readonly conf?: Readonly<Record<string, unknown>> | null;
}

/** The process that runs a try: the same in `run` and in every heartbeat, or the server takes it for another one. */
export interface TaskProcess {
  readonly hostname: string;
  readonly pid: number;
}

/** What becomes of a task instance, told once. */
export type TaskState =
  | { readonly state: "success"; readonly end_date: string; readonly task_outlets: readonly []; readonly outlet_events: readonly [] }
  | { readonly state: "failed" | "skipped" | "removed"; readonly end_date: string }
  | { readonly state: "up_for_retry"; readonly end_date: string }
  | { readonly state: "up_for_reschedule"; readonly reschedule_date: string; readonly end_date: string };

export interface VariableBody {
  readonly key: string;
  readonly value: string | null;
}

export interface ConnectionBody {
  readonly conn_id: string;
  readonly conn_type: string;
  readonly host: string | null;
  readonly schema: string | null;
  readonly login: string | null;
  readonly password: string | null;
  readonly port: number | null;
  /** JSON, as a rule */
  readonly extra: string | null;
}

/** Where an XCom lies. */
export interface XComPlace {
  readonly dag_id: string;
  readonly run_id: string;
  readonly task_id: string;
  readonly key: string;
  /** null: of a task that is not mapped */
  readonly map_index: number | null;
}

export interface XComBody {
  readonly key: string;
  readonly value: unknown;
}

/** A task downstream, or one instance of a mapped one. */
export type DownstreamTask = string | readonly [taskId: string, mapIndex: number];
