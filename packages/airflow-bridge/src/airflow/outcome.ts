/**
 * How a workload ended for Celery: what Airflow's scheduler reads in the result backend. It tells whether the process that runs the task ended as it should, not
 * what became of the task: that one tells Airflow itself.
 */
export type Outcome =
  | { readonly kind: "success" }
  /** stored as `airflow.exceptions.AirflowException(message)` */
  | { readonly kind: "failure"; readonly message: string }
  /** the same task instance runs elsewhere, or its token has expired on a second delivery: acknowledged, and nothing is stored */
  | { readonly kind: "ignore"; readonly reason: string };
