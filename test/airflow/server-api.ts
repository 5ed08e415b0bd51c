/** What a person does in Airflow's pages, through the same server's REST API: /api/v1 of Airflow 2, /api/v2 of Airflow 3. */
import { eventually } from "../support/eventually.ts";
import type { Stage } from "./stage.ts";

export interface ServerApi {
  /** The DAGs that can be run. */
  dags(): Promise<readonly string[]>;
  /** Begins a run; gives its id. */
  trigger(dagId: string, conf?: object): Promise<string>;
  /** "Mark state as …" */
  mark(task: RunTask, state: "failed" | "success"): Promise<void>;
  /** "Clear task" */
  clear(task: RunTask): Promise<void>;
  /** The log of one try, as the page shows it. */
  log(task: RunTask, tryNumber: number): Promise<string>;
}

/** A task of a run, not a mapped one. */
export interface RunTask {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
}

const startLimitMs = 300_000;

/** Resolves when the server answers. */
export async function openServerApi(stage: Stage): Promise<ServerApi> {
  const { airflow, serverUrl } = stage;
  const base = `${serverUrl}/api/v${airflow.major - 1}`;
  const patience = { withinMs: startLimitMs, everyMs: 500 };
  const authorization = airflow.major === 3 ? `Bearer ${await eventually(() => askToken(serverUrl), patience)}` : null;

  async function ask(method: string, path: string, body?: object): Promise<Response> {
    const headers = {
      "content-type": "application/json",
      accept: path.includes("/logs/") && airflow.major === 2 ? "text/plain" : "application/json",
      ...(authorization === null ? {} : { authorization }),
    };
    const response = await fetch(base + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
  const api: ServerApi = {
    async dags() {
      const { dags } = (await (await ask("GET", "/dags?limit=100")).json()) as { dags: readonly { dag_id: string }[] };
      return dags.map((dag) => dag.dag_id);
    },
    async trigger(dagId, conf = {}) {
      const body = airflow.major === 2 ? { conf } : { conf, logical_date: null };
      const run = (await (await ask("POST", `/dags/${dagId}/dagRuns`, body)).json()) as { dag_run_id: string };
      return run.dag_run_id;
    },
    async mark(task, state) {
      await ask("PATCH", pathOf(task), airflow.major === 2 ? { dry_run: false, new_state: state } : { new_state: state });
    },
    async clear({ dagId, runId, taskId }) {
      // What Airflow 2's API clears of a running task stays as it was; its command is heard.
      if (airflow.major === 2) {
        const date = runId.slice(runId.indexOf("__") + 2);
        await stage.run("airflow", ["tasks", "clear", dagId, "-t", `^${taskId}$`, "-s", date, "-e", date, "--yes"]);
        return;
      }
      const body = { dry_run: false, dag_run_id: runId, task_ids: [taskId], only_failed: false, only_running: false };
      await ask("POST", `/dags/${dagId}/clearTaskInstances`, { ...body, reset_dag_runs: true });
    },
    async log(task, tryNumber) {
      return await (await ask("GET", `${pathOf(task)}/logs/${tryNumber}`)).text();
    },
  };
  await eventually(() => api.dags(), patience);
  return api;
}

function pathOf({ dagId, runId, taskId }: RunTask): string {
  return `/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}/taskInstances/${taskId}`;
}

/** Airflow 3: where all are administrators, whoever asks is given a token. */
async function askToken(serverUrl: string): Promise<string> {
  const response = await fetch(`${serverUrl}/auth/token`);
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}
