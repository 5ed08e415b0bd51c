/** The door for those who run Airflow's tasks, or write some in TypeScript. */
export {
  airflowTasks,
  type CommandWorkload,
  type Connection,
  type DagRun,
  type Launcher,
  type Outcome,
  registerTask,
  type TaskArguments,
  type TaskClient,
  type TaskContext,
  type TaskFunction,
  type TaskRegistration,
  type TaskWorkload,
  type Workload,
  type WorkloadContext,
  type XComPlace,
} from "@celeriac/airflow-bridge/airflow";
