/** The calls of the Task Execution API that a task instance and its supervisor make, by name. All of them throw AIRFLOW_API. */
import type { ApiSession } from "./api-session.ts";
import type { ConnectionBody, DownstreamTask, TaskProcess, TaskRunContext, TaskState, VariableBody, XComBody, XComPlace } from "./types.ts";

export type ExecutionApi = ReturnType<typeof createExecutionApi>;

/** `id`: of the task instance, which its token is for. */
export function createExecutionApi(session: ApiSession, id: string) {
  const instance = ["task-instances", id];
  const xcom = ({ dag_id, run_id, task_id, key }: XComPlace) => ["xcoms", dag_id, run_id, task_id, key];

  return Object.freeze({
    /** Before anything of the user's runs: refused with 409 when the task instance is not queued, and may be called again by the same process. */
    async run(process: TaskProcess & { readonly unixname: string; readonly start_date: string }): Promise<TaskRunContext> {
      return (await session.call({
        method: "PATCH",
        path: [...instance, "run"],
        body: { state: "running", ...process },
      })) as TaskRunContext;
    },
    /** Refused with 404, 409 or 410 when the task is not to run any more. */
    async heartbeat({ hostname, pid }: TaskProcess): Promise<void> {
      await session.call({ method: "PUT", path: [...instance, "heartbeat"], body: { hostname, pid } });
    },
    /** Once; the same state again is no error. */
    async setState(state: TaskState): Promise<void> {
      await session.call({ method: "PATCH", path: [...instance, "state"], body: state });
    },
    async skipDownstream(tasks: readonly DownstreamTask[]): Promise<void> {
      await session.call({ method: "PATCH", path: [...instance, "skip-downstream"], body: { tasks } });
    },
    /** null: there is none */
    async getVariable(key: string): Promise<VariableBody | null> {
      return (await session.call({ method: "GET", path: ["variables", key] }, { absent: true })) as VariableBody | null;
    },
    async putVariable(key: string, val: string | null, description: string | null): Promise<void> {
      await session.call({ method: "PUT", path: ["variables", key], body: { val, description } });
    },
    async deleteVariable(key: string): Promise<void> {
      await session.call({ method: "DELETE", path: ["variables", key] });
    },
    /** null: there is none */
    async getConnection(connectionId: string): Promise<ConnectionBody | null> {
      return (await session.call({ method: "GET", path: ["connections", connectionId] }, { absent: true })) as ConnectionBody | null;
    },
    /** null: there is none */
    async getXCom(place: XComPlace, includePriorDates: boolean): Promise<XComBody | null> {
      const query = { map_index: place.map_index, ...(includePriorDates ? { include_prior_dates: true } : {}) };
      return (await session.call({ method: "GET", path: xcom(place), query }, { absent: true })) as XComBody | null;
    },
    /** `mappedLength`: how many instances a task that is expanded over the value has; null: nothing is said of it. */
    async setXCom(place: XComPlace, value: unknown, mappedLength: number | null): Promise<void> {
      const query = { map_index: place.map_index, mapped_length: mappedLength };
      await session.call({ method: "POST", path: xcom(place), query, body: value });
    },
    async deleteXCom(place: XComPlace): Promise<void> {
      await session.call({ method: "DELETE", path: xcom(place), query: { map_index: place.map_index } });
    },
  });
}
