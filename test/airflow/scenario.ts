/** What a scenario is, and what it is given: an Airflow that runs, workers to start, and eyes for what became of the tasks. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import type { RunTask } from "./server-api.ts";
import type { Stage } from "./stage.ts";
import type { Troupe } from "./troupe.ts";
import { startOurWorker, startPythonWorker, type WorkerOptions } from "./workers.ts";

export interface Scenario {
  /** such as "A1" */
  readonly name: string;
  /** the versions of Airflow that it is for */
  readonly majors: readonly (2 | 3)[];
  /** Rejects with what was not as it should be. */
  play(scene: Scene): Promise<void>;
}

export interface Scene {
  readonly stage: Stage;
  readonly troupe: Troupe;
  /** Starts ours; it ends with the scenario at the latest. */
  worker(options?: Partial<WorkerOptions>): Promise<PrivateProcess>;
  /** Starts Airflow's own. */
  pythonWorker(options?: Partial<WorkerOptions>): Promise<PrivateProcess>;
  /** A file of its own for what tasks note, and what stands in it so far. */
  notes(): { readonly path: string; read(): readonly string[] };
  /** Begins a run and waits until it has ended; gives its tasks. */
  finish(dagId: string, conf?: object, withinMs?: number): Promise<Finished>;
  /** The tasks of a run as the database has them, by name and index. */
  tasks(runId: string): Promise<readonly TaskRow[]>;
  /** What workers stored for Airflow's Celery, in its database. */
  results(): Promise<readonly ResultRow[]>;
  /** Resolves when this holds: Airflow has no event to wait for. */
  until(what: string, holds: () => Promise<boolean> | boolean, withinMs?: number): Promise<void>;
}

export interface Finished {
  readonly runId: string;
  readonly state: string;
  readonly tasks: readonly TaskRow[];
}

export interface TaskRow {
  readonly task_id: string;
  readonly map_index: number;
  readonly state: string | null;
  readonly try_number: number;
  readonly external_executor_id: string | null;
}

export interface ResultRow {
  readonly task_id: string;
  readonly status: string;
  readonly result: Buffer | null;
}

const patienceMs = 180_000;

export interface OpenScene extends Scene {
  /** What workers and tasks wrote, and where the tasks stand: when something went wrong. */
  report(): Promise<string>;
  /** Ends the workers, and what they left of runs. */
  close(): Promise<void>;
}

export function openScene(stage: Stage, troupe: Troupe): OpenScene {
  const workers: PrivateProcess[] = [];
  let files = 0;

  const until: Scene["until"] = async (what, holds, withinMs = patienceMs) => {
    try {
      await eventually(async () => (await holds()) || Promise.reject(new Error(`not ${what}`)), { withinMs, everyMs: 250 });
    } catch (cause) {
      throw new Error(`It did not come to this within ${withinMs / 1_000} s: ${what}`, { cause });
    }
  };
  async function begin(start: typeof startOurWorker, name: string, options: Partial<WorkerOptions>): Promise<PrivateProcess> {
    const worker = await start(stage, { name: `${name}${workers.length}`, servesLogs: workers.length === 0, ...options });
    workers.push(worker);
    return worker;
  }
  const results: Scene["results"] = async () => {
    // The first worker makes the table.
    const [table] = await stage.sql<{ name: string | null }>("select to_regclass('celery_taskmeta') as name");
    return table!.name === null ? [] : await stage.sql<ResultRow>("select task_id, status, result from celery_taskmeta order by id");
  };
  const tasks: Scene["tasks"] = (runId) => {
    const columns = "task_id, map_index, state, try_number, external_executor_id";
    return stage.sql<TaskRow>(`select ${columns} from task_instance where run_id = $1 order by task_id, map_index`, runId);
  };
  return {
    stage,
    troupe,
    worker: (options = {}) => begin(startOurWorker, "ours", options),
    pythonWorker: (options = {}) => begin(startPythonWorker, "python", options),
    notes() {
      const path = join(stage.folder, `notes-${process.hrtime.bigint()}-${files++}`);
      return { path, read: () => linesOf(path) };
    },
    async finish(dagId, conf = {}, withinMs = patienceMs) {
      const runId = await troupe.api.trigger(dagId, conf);
      let state = "";
      const hasEnded = async () => {
        const [row] = await stage.sql<{ state: string }>("select state from dag_run where dag_id = $1 and run_id = $2", dagId, runId);
        state = row?.state ?? "";
        return state === "success" || state === "failed";
      };
      await until(`the run of ${dagId} has ended`, hasEnded, withinMs);
      return { runId, state, tasks: await tasks(runId) };
    },
    tasks,
    results,
    until,
    async report() {
      const rows = await stage.sql(
        "select dag_id, run_id, task_id, map_index, state, try_number, external_executor_id from task_instance where end_date is null or end_date > now() - interval '5 minutes'",
      );
      const parts = [JSON.stringify(rows, null, 1), JSON.stringify(await results(), ["task_id", "status"]), ...newLogs(stage)];
      return [...parts, ...workers.map((worker) => worker.output())].join("\n\n");
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.stop({ signal: "SIGKILL" })));
      await stage.sql(
        "update task_instance set state = 'failed' where state not in ('success', 'failed', 'skipped', 'upstream_failed') or state is null",
      );
      await stage.sql("update dag_run set state = 'failed' where state in ('queued', 'running')");
    },
  };
}

/** Of tasks that ran in the last five minutes. */
function newLogs({ folder }: Stage): readonly string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => /attempt=\d+\.log$/.test(path));
  const recent = paths.map((path) => join(folder, path)).filter((path) => statSync(path).mtimeMs > Date.now() - 300_000);
  return recent.map((path) => `${path}\n${readFileSync(path, "utf8").slice(-4_000)}`);
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

/** The state of one task of a run; null: none yet. */
export async function stateOf(scene: Scene, { runId, taskId }: RunTask): Promise<string | null> {
  return (await scene.tasks(runId)).find((task) => task.task_id === taskId)?.state ?? null;
}
