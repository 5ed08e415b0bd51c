/** The client of a task: each call is a request to its supervisor, which has the token. */
import { CeleriacError, type Clock, durationMs } from "@celeriac/core/runtime";
import type { Frame } from "../coordinator/frames.ts";
import type { Request } from "../coordinator/messages.ts";
import type { ConnectionBody, XComPlace as WirePlace } from "../execution-api/types.ts";
import type { Connection, TaskClient, TaskContext, XComPlace } from "../tasks/task-client.ts";
import { TaskEnding, TaskPutOff } from "../tasks/task-ending.ts";
import type { LogChannel } from "./log-channel.ts";
import { fromPython, toPython } from "./python-values.ts";
import type { SupervisorChannel } from "./supervisor-channel.ts";

type Ask = (request: Request) => Promise<Readonly<Record<string, unknown>> | null>;

export function createTaskClient(channel: SupervisorChannel, ctx: TaskContext, log: LogChannel, clock: Clock): TaskClient {
  const ask: Ask = async (request) => read(await channel.ask(request), request);
  const client: TaskClient = {
    async getVariable(key) {
      return ((await ask({ type: "GetVariable", key }))?.["value"] as string | null | undefined) ?? null;
    },
    async getVariableOrThrow(key) {
      return (await client.getVariable(key)) ?? notFound(`There is no variable ${JSON.stringify(key)}`);
    },
    async setVariable(key, value, description = null) {
      await ask({ type: "PutVariable", key, value, description });
    },
    async deleteVariable(key) {
      await ask({ type: "DeleteVariable", key });
    },
    async getConnection(id) {
      const body = await ask({ type: "GetConnection", conn_id: id });
      return body === null ? null : connectionOf(body as unknown as ConnectionBody);
    },
    async getConnectionOrThrow(id) {
      return (await client.getConnection(id)) ?? notFound(`There is no connection ${JSON.stringify(id)}`);
    },
    async getXCom<T>(place: XComPlace & { readonly includePriorDates?: boolean }) {
      const body = await ask({ type: "GetXCom", ...wirePlace(place, ctx), include_prior_dates: place.includePriorDates ?? false });
      return (fromPython(body?.["value"]) ?? null) as T | null;
    },
    async setXCom(place) {
      await pushXCom(ask, { ...wirePlace(place, ctx), map_index: mapIndexOf(place.mapIndex ?? ctx.mapIndex) }, place.value);
    },
    async skipDownstreamTasks(tasks) {
      if (tasks.length > 0) await ask({ type: "SkipDownstreamTasks", tasks });
    },
    async maskSecret(secret) {
      await ask({ type: "MaskSecret", value: secret, name: null });
    },
    skip: (reason = "skipped") => new TaskEnding("skip", reason),
    fail: (reason) => new TaskEnding("fail", reason),
    retry: (reason = "to be tried again") => new TaskEnding("retry", reason),
    reschedule: (when) => new TaskPutOff(when instanceof Date ? when : new Date(clock.now() + durationMs(when, "reschedule"))),
    log: Object.freeze({ debug: log.debug, info: log.info, warn: log.warn, error: log.error }),
  };
  return Object.freeze(client);
}

/** What an earlier try left, before anything of this one runs. */
export async function clearXComs(channel: SupervisorChannel, ctx: TaskContext, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const request: Request = { type: "DeleteXCom", ...wirePlace({ key }, ctx) };
    read(await channel.ask(request), request);
  }
}

/** Longer ones no task can be expanded over; Airflow's `[core] max_map_length`, unless it is set lower. */
const longestMapped = 1_024;

/** A task may be expanded over a list, and Airflow wants to know how long it is; whether one is, is told to nobody. */
async function pushXCom(ask: Ask, place: WirePlace, value: unknown): Promise<void> {
  const form = toPython(value);
  const mayBeMapped = Array.isArray(form) && form.length <= longestMapped && place.key === "return_value" && place.map_index === null;
  try {
    await ask({ type: "SetXCom", ...place, value: form, mapped_length: mayBeMapped ? form.length : null });
  } catch (error) {
    if (!mayBeMapped || !(error instanceof Refused) || error.status !== 400) throw error;
    await ask({ type: "SetXCom", ...place, value: form, mapped_length: null });
  }
}

/** null: there is no such thing. Throws AIRFLOW_API. */
function read({ body, error }: Frame, request: Request): Readonly<Record<string, unknown>> | null {
  const failed = error ?? (body?.type === "ErrorResponse" ? body : null);
  if (failed === null) return body;
  const code = String(failed["error"]);
  if (code.endsWith("_NOT_FOUND")) return null;
  const { message, status_code: status } = (failed["detail"] ?? {}) as { readonly message?: unknown; readonly status_code?: unknown };
  throw new Refused(`${request.type}: ${typeof message === "string" ? message : code}`, typeof status === "number" ? status : null);
}

class Refused extends CeleriacError {
  readonly status: number | null;
  constructor(message: string, status: number | null) {
    super("AIRFLOW_API", message);
    this.status = status;
  }
}

function wirePlace({ key, dagId, runId, taskId, mapIndex }: XComPlace, ctx: TaskContext): WirePlace {
  const task_id = taskId ?? ctx.taskId;
  const isOwn = task_id === ctx.taskId && (dagId ?? ctx.dagId) === ctx.dagId;
  const index = mapIndex === undefined && isOwn ? ctx.mapIndex : mapIndex;
  return { dag_id: dagId ?? ctx.dagId, run_id: runId ?? ctx.runId, task_id, key, map_index: mapIndexOf(index) };
}

function mapIndexOf(index: number | null | undefined): number | null {
  return index === undefined || index === null || index < 0 ? null : index;
}

function connectionOf(body: ConnectionBody): Connection {
  const { conn_id, conn_type, host, schema, login, password, port, extra } = body;
  return Object.freeze({
    ...{ id: conn_id, type: conn_type, host: host ?? null, schema: schema ?? null, login: login ?? null },
    ...{ password: password ?? null, port: port ?? null, extra: extra ?? null },
  });
}

function notFound(message: string): never {
  throw new CeleriacError("AIRFLOW_NOT_FOUND", message);
}
