/**
 * Airflow's Task Execution API as far as one task instance needs it, in memory and as strict as the server: requests are held against Airflow's own description,
 * a workload's token opens only `run`, each answer may bring another one, and only running task instances may be heard of.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerProblems, type Operation, operationOf, problemsOf } from "./api-schema.ts";

export interface ApiCallSeen {
  readonly operation: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Instead of what it would say; "drop": the connection ends without an answer. */
export type Scripted = { readonly status: number; readonly detail?: unknown } | "drop";

export const workloadToken = "eyJhbGciOi.workload.token";
const executionToken = (n: number) => `eyJhbGciOi.execution.${n}`;

const runOperation = "ti_run";

export class FakeExecutionApi {
  readonly calls: ApiCallSeen[] = [];
  /** what the real server would have refused, or never have answered */
  readonly problems: string[] = [];
  readonly variables = new Map<string, string>();
  readonly connections = new Map<string, object>();
  /** "dag/run/task/key[index]" → the JSON as it was posted */
  readonly xcoms = new Map<string, string>();
  context: Readonly<Record<string, unknown>> = {};
  state = "queued";
  url = "";
  readonly #scripts = new Map<string, Scripted[]>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #process: { readonly hostname: string; readonly pid: number } | null = null;
  #tokens: readonly string[] = [workloadToken];
  #issued = 0;

  async open(): Promise<void> {
    await new Promise<void>((ready) => this.#server.listen(0, "127.0.0.1", ready));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/execution/`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The next answers of an operation. */
  script(operation: string, ...answers: readonly Scripted[]): void {
    this.#scripts.set(operation, [...answers]);
  }

  seen(operation: string): readonly ApiCallSeen[] {
    return this.calls.filter((call) => call.operation === operation);
  }

  async #serve(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, "http://api");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString();
    const operation = operationOf(request.method!, url.pathname.replace(/^\/execution/, ""));
    if (operation === null) return this.#refuse(response, 404, `there is no ${request.method} ${url.pathname}`);
    const body: unknown = raw === "" ? undefined : JSON.parse(raw);
    this.calls.push({ operation: operation.id, params: operation.params, query: Object.fromEntries(url.searchParams), body });
    const problems = problemsOf(operation, url.searchParams, request.headers, body);
    if (request.headers["airflow-api-version"] !== "2025-08-10") this.problems.push(`${operation.id}: asks for no version`);
    if (problems.length > 0) return this.#refuse(response, 422, problems.join("; "));
    if (!this.#isAllowed(operation, request.headers.authorization))
      return this.#answer(response, operation, 403, { detail: "Invalid auth token" });
    const scripted = this.#scripts.get(operation.id)?.shift();
    if (scripted === "drop") return void request.socket.destroy();
    if (scripted !== undefined) return this.#answer(response, operation, scripted.status, { detail: scripted.detail ?? null });
    this.#perform(response, operation, { body, raw, query: url.searchParams });
  }

  #isAllowed({ id, params }: Operation, authorization: string | undefined): boolean {
    const token = authorization?.replace(/^Bearer /, "") ?? "";
    if (id === runOperation) return token === workloadToken;
    return token !== workloadToken && this.#tokens.includes(token) && (params["task_instance_id"] ?? instanceId) === instanceId;
  }

  #perform(
    response: ServerResponse,
    operation: Operation,
    { body, raw, query }: { readonly body: unknown; readonly raw: string; readonly query: URLSearchParams },
  ) {
    const { id, params } = operation;
    const answer = (status: number, value?: unknown, json?: string) => this.#answer(response, operation, status, value, json);
    const place = `${params["dag_id"]}/${params["run_id"]}/${params["task_id"]}/${params["key"]}[${query.get("map_index") ?? -1}]`;
    switch (id) {
      case runOperation: {
        const { hostname, pid } = body as { hostname: string; pid: number };
        if (this.state !== "queued") return answer(409, { detail: { reason: "invalid_state", message: "no", previous_state: this.state } });
        this.state = "running";
        this.#process = { hostname, pid };
        return answer(200, this.context);
      }
      case "ti_heartbeat": {
        const { hostname, pid } = body as { hostname: string; pid: number };
        if (this.state !== "running") return answer(409, { detail: { reason: "not_running", message: "no", current_state: this.state } });
        const isOwn = this.#process?.hostname === hostname && this.#process.pid === pid;
        return isOwn ? answer(204) : answer(409, { detail: { reason: "running_elsewhere", message: "no" } });
      }
      case "ti_update_state": {
        const { state } = body as { state: string };
        if (this.state === state) return answer(200);
        if (this.state !== "running") return answer(409, { detail: { reason: "invalid_state", previous_state: this.state } });
        this.state = state;
        return answer(204);
      }
      case "ti_skip_downstream":
        return answer(204);
      case "get_variable": {
        const key = params["variable_key"]!;
        const value = this.variables.get(key);
        return value === undefined ? answer(404, { detail: { reason: "not_found" } }) : answer(200, { key, value });
      }
      case "put_variable":
        this.variables.set(params["variable_key"]!, (body as { val: string }).val);
        return answer(201, { message: "Variable successfully set" });
      case "delete_variable":
        this.variables.delete(params["variable_key"]!);
        return answer(204);
      case "get_connection": {
        const connection = this.connections.get(params["connection_id"]!);
        return connection === undefined ? answer(404, { detail: { reason: "not_found" } }) : answer(200, connection);
      }
      case "get_xcom": {
        const value = this.xcoms.get(place);
        if (value === undefined) return answer(404, { detail: { reason: "not_found" } });
        return answer(200, { key: params["key"], value: JSON.parse(value) }, `{"key":${JSON.stringify(params["key"])},"value":${value}}`);
      }
      case "set_xcom":
        this.xcoms.set(place, raw);
        return answer(201, { message: "XCom successfully set" });
      case "delete_xcom":
        this.xcoms.delete(place);
        return answer(200, { message: "XCom successfully deleted" });
      default:
        return this.#refuse(response, 500, `the fake does not know ${id}`);
    }
  }

  #answer(response: ServerResponse, operation: Operation, status: number, value?: unknown, json?: string): void {
    if (status < 300) this.problems.push(...answerProblems(operation, status, value));
    // Heartbeats go beside other calls, which may be under way with an older one; whoever goes on with an old one is refused after some more.
    const isOpened = status < 300 && (operation.id === runOperation || operation.id === "ti_heartbeat");
    if (isOpened) this.#tokens = [...this.#tokens.slice(-7), executionToken(++this.#issued)];
    response.writeHead(status, {
      ...(value === undefined ? {} : { "content-type": "application/json" }),
      ...(isOpened ? { "refreshed-api-token": executionToken(this.#issued) } : {}),
    });
    response.end(value === undefined ? "" : (json ?? JSON.stringify(value)));
  }

  #refuse(response: ServerResponse, status: number, problem: string): void {
    this.problems.push(problem);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ detail: problem }));
  }
}

export const instanceId = "0199b7a0-1111-7222-8333-444455556666";

/** What `run` answers. */
export function runContext(change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const at = "2026-03-06T00:00:00Z";
  return {
    dag_run: {
      ...{ dag_id: "report", run_id: runId, logical_date: at, data_interval_start: at, data_interval_end: at, run_after: at },
      ...{ start_date: at, end_date: null, clear_number: 0, run_type: "scheduled", state: "running", conf: { rows: 3 } },
      ...{ consumed_asset_events: [] },
    },
    ...{ task_reschedule_count: 0, max_tries: 1, variables: [], connections: [], next_method: null, next_kwargs: null },
    ...{ xcom_keys_to_clear: [], should_retry: true, upstream_map_indexes: null },
    ...change,
  };
}

export const runId = "scheduled__2026-03-06T00:00:00+00:00";
