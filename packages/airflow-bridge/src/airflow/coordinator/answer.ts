/** Answers what a task's process asks for out of the Task Execution API: its token never leaves the supervisor. */
import { isSecretKey, reasonOf } from "@celeriac/core/runtime";
import { ExecutionApiError } from "../execution-api/api-error.ts";
import type { ExecutionApi } from "../execution-api/execution-api.ts";
import type { SecretMask } from "../task-log/secret-mask.ts";
import type { Body, Frame } from "./frames.ts";
import type { Request, WireError } from "./messages.ts";

/** Never throws: what goes wrong is the answer. Secrets are masked in the log before the task has them. */
export async function answer({ id, body }: Frame, api: ExecutionApi, mask: SecretMask): Promise<Frame> {
  try {
    return { id, body: await bodyFor(body as Request | null, api, mask), error: null };
  } catch (error) {
    return { id, body: null, error: errorBody(error) };
  }
}

async function bodyFor(request: Request | null, api: ExecutionApi, mask: SecretMask): Promise<Body | null> {
  switch (request?.type) {
    case "GetVariable": {
      const variable = await api.getVariable(request.key);
      if (variable === null) throw new Absent("VARIABLE_NOT_FOUND", { key: request.key });
      if (isSecretKey(variable.key)) mask.add(variable.value);
      return { type: "VariableResult", ...variable };
    }
    case "PutVariable":
      await api.putVariable(request.key, request.value, request.description ?? null);
      return null;
    case "DeleteVariable":
      await api.deleteVariable(request.key);
      return done;
    case "GetConnection": {
      const connection = await api.getConnection(request.conn_id);
      if (connection === null) throw new Absent("CONNECTION_NOT_FOUND", { conn_id: request.conn_id });
      mask.add(connection.password);
      if (connection.extra) mask.addExtra(connection.extra);
      return { type: "ConnectionResult", ...connection };
    }
    case "GetXCom": {
      const found = await api.getXCom(request, request.include_prior_dates ?? false);
      return { type: "XComResult", key: request.key, value: found === null ? null : found.value };
    }
    case "SetXCom":
      await api.setXCom(request, request.value, request.mapped_length ?? null);
      return null;
    case "DeleteXCom":
      await api.deleteXCom(request);
      return null;
    case "SkipDownstreamTasks":
      await api.skipDownstream(request.tasks);
      return null;
    case "MaskSecret":
      if (request.name === null || request.name === undefined || isSecretKey(request.name)) mask.add(request.value);
      return null;
    default:
      throw new TypeError(`This supervisor has no answer to ${(request as Body | null)?.type ?? "an empty frame"}`);
  }
}

const done: Body = { type: "OKResponse", ok: true };

/** What was asked for is not there: no fault of anyone's. */
class Absent extends Error {
  readonly error: WireError;
  readonly detail: Readonly<Record<string, unknown>>;
  constructor(error: WireError, detail: Readonly<Record<string, unknown>>) {
    super(error);
    this.error = error;
    this.detail = detail;
  }
}

function errorBody(error: unknown): Body {
  if (error instanceof Absent) return { type: "ErrorResponse", error: error.error, detail: error.detail };
  const status_code = error instanceof ExecutionApiError ? error.status : null;
  const code: WireError = status_code === 401 || status_code === 403 ? "PERMISSION_DENIED" : "API_SERVER_ERROR";
  const detail = error instanceof ExecutionApiError ? error.detail : null;
  return { type: "ErrorResponse", error: code, detail: { status_code, message: reasonOf(error), detail } };
}
