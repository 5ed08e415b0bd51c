/** Codes of what goes wrong with tasks of an Airflow: rows of error-table.ts. */
import type { ErrorRows } from "./error-row.ts";

export const airflowErrors = {
  AIRFLOW_CONFIG: [
    "A value of Airflow's configuration is missing, or cannot be read.",
    "The message names section and key: look into airflow.cfg, and at the variable AIRFLOW__SECTION__KEY, which wins.",
  ],
  AIRFLOW_MESSAGE: [
    "A message under a name of Airflow's tasks is none that a scheduler sends, and was not run.",
    "Look who else writes to the broker; after an update of Airflow, whether this version knows it.",
  ],
  AIRFLOW_LAUNCHER: [
    "A process that runs a task of Airflow could not be started on this machine.",
    "Start the worker in the environment in which `airflow version` works; the message holds the cause.",
  ],
  AIRFLOW_LOG_SERVER: [
    "A worker of Airflow's tasks cannot listen on the port where Airflow asks for logs.",
    "Free it: a Python worker, or another worker of ours, may serve the same logs already. Or start with --skip-serve-logs.",
  ],
  AIRFLOW_API: [
    "Airflow's Task Execution API refused a call of a task, or did not answer.",
    "The message holds the status and the server's words; without an answer, look at [core] execution_api_server_url.",
  ],
  AIRFLOW_TASKS: [
    "A module given with --tasks could not be loaded, or none of them registers a task.",
    "The message holds the cause; each is to call registerTask() while it is loaded.",
  ],
  AIRFLOW_NOT_FOUND: [
    "Airflow has no variable or connection of the name that a task asked for.",
    "Add it in Airflow, or ask with getVariable() or getConnection(), which answer null.",
  ],
} as const satisfies ErrorRows;
