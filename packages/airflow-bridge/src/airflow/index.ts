/** The door of the Airflow worker: what the command runs it with, and what tasks in TypeScript are written with. */

export { createAirflowApp } from "./airflow-app.ts";
export { type AirflowConfig, type Environment, readAirflowConfig } from "./config.ts";
export { type DoctorOptions, examine } from "./doctor/doctor.ts";
export type { Finding } from "./doctor/finding.ts";
export { hasInterpreter } from "./interpreter.ts";
export type { Launcher, WorkloadContext } from "./launcher.ts";
export { ForkServer, type ForkServerOptions } from "./launchers/fork-server.ts";
export { createSpawnLauncher, type SpawnOptions } from "./launchers/spawn.ts";
export { createTypeScriptLauncher, type TypeScriptLauncher, type TypeScriptLauncherOptions } from "./launchers/typescript.ts";
export { type LogServer, type LogServerOptions, openLogServer } from "./log-server.ts";
export { type AirflowTaskKind, airflowTasks } from "./names.ts";
export type { Outcome } from "./outcome.ts";
export type { Route } from "./route.ts";
export { registerTask, type TaskFunction, type TaskRegistration } from "./tasks/register-task.ts";
export type { Connection, DagRun, TaskArguments, TaskClient, TaskContext, XComPlace } from "./tasks/task-client.ts";
export { type TypeScriptConfig, typeScriptConfigOf } from "./typescript-config.ts";
export { type AirflowWorkerConfig, type LauncherName, workerConfigOf } from "./worker-config.ts";
export type { CommandWorkload, TaskWorkload, Workload } from "./workload.ts";
