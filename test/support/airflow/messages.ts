/** What schedulers of Airflow 2 and 3 put into their messages, and a token that must not be seen anywhere. */

/** The shape of a JWT, and signed by nobody. */
export const token = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTk5YjdhMCIsImF1ZCI6ImFwaSJ9.c2lnbmVkLWJ5LW5vYm9keQ";

/** As `TaskInstance.generate_command` of Airflow 2 makes it for CeleryExecutor. */
export function commandOf(dagId: string, ...more: readonly string[]): readonly string[] {
  return [
    "airflow",
    "tasks",
    "run",
    dagId,
    "a_task",
    "manual__2026-03-06T00:00:00+00:00",
    "--local",
    "--subdir",
    "DAGS_FOLDER/x.py",
    ...more,
  ];
}

/** As Airflow 3 writes a workload. */
export function workloadOf(dagId: string, more: object = {}): string {
  return JSON.stringify({
    token,
    dag_rel_path: "etl/x.py",
    bundle_info: { name: "dags-folder", version: null },
    log_path: `dag_id=${dagId}/run_id=manual__2026/task_id=a_task/attempt=1.log`,
    ti: {
      id: "0199b7a0-0000-7000-8000-000000000001",
      dag_version_id: "0199b7a0-0000-7000-8000-000000000002",
      task_id: "a_task",
      dag_id: dagId,
      run_id: "manual__2026-03-06T00:00:00+00:00",
      try_number: 1,
      map_index: -1,
      pool_slots: 1,
      queue: "default",
      priority_weight: 3,
      context_carrier: {},
      ...more,
    },
    type: "ExecuteTask",
  });
}
