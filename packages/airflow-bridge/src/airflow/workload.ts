/** What a message of Airflow's scheduler asks for, read as far as a worker must know it: between messages.ts, which reads it, and a launcher, which runs it. */

export type Workload = CommandWorkload | TaskWorkload;

/** Airflow 2: `airflow tasks run …`, allowed word by word. */
export interface CommandWorkload {
  readonly kind: "command";
  /** the words as they came, "airflow" the first */
  readonly command: readonly string[];
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  /** null: the task is not mapped */
  readonly mapIndex: number | null;
}

/** Airflow 3: what is not named here is in the text, which is handed on byte for byte. It bears a token: it must not be logged. */
export interface TaskWorkload {
  readonly kind: "workload";
  /** the JSON as it came */
  readonly text: string;
  /** such as "ExecuteTask" or "ExecuteCallback"; others may come */
  readonly type: string;
  /** null: the workload is no task instance's */
  readonly instance: TaskInstance | null;
}

export interface TaskInstance {
  /** a new one for each try */
  readonly id: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  /** from 1 */
  readonly tryNumber: number;
  /** null: the task is not mapped (-1 on the wire) */
  readonly mapIndex: number | null;
}
