/** The door of the Airflow worker: what the command runs it with. */

export type { Launcher, WorkloadContext } from "./launcher.ts";
export { ForkServer, type ForkServerOptions } from "./launchers/fork-server.ts";
export { type LogServer, type LogServerOptions, openLogServer } from "./log-server.ts";
export { type AirflowTaskKind, airflowTasks } from "./names.ts";
export type { Outcome } from "./outcome.ts";
export type { CommandWorkload, TaskWorkload, Workload } from "./workload.ts";
