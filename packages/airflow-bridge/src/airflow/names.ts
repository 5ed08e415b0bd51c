/** The names under which schedulers of Airflow send tasks: all of them are registered, since a fleet may have schedulers of several versions. */

/** command: the words of a command line, as Airflow 2 sends; workload: a JSON text, as Airflow 3 sends. */
export type AirflowTaskKind = "command" | "workload";

export const airflowTasks: Readonly<Record<string, AirflowTaskKind>> = {
  /** before 2.7 */
  "airflow.executors.celery_executor.execute_command": "command",
  /** 2.7 to 2.11, with providers of Celery up to 3.16 */
  "airflow.providers.celery.executors.celery_executor_utils.execute_command": "command",
  /** 2.11 with newer providers */
  execute_command: "command",
  /** 3.0 and later */
  execute_workload: "workload",
};
