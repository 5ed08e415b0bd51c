/** The door for those who run Airflow's tasks, or write some in TypeScript. */
export {
  airflowTasks,
  type CommandWorkload,
  type Launcher,
  type Outcome,
  type TaskWorkload,
  type Workload,
  type WorkloadContext,
} from "@celeriac/airflow-bridge/airflow";
