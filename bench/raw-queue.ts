/**
 * DAGs beside the raw queue: as many empty tasks, sent through the same broker to the same worker, once as instances of DAGs under a scheduler with
 * the celery executor, once as tasks of the app. One process sends or schedules, another runs, both store results. All is new each time.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface QueuePlace {
  /** of an empty database of Redis: broker and result backend */
  readonly broker: string;
  /** of an empty store of DAGs */
  readonly store: string;
}

export interface QueueLoad {
  readonly dags: number;
  /** of each DAG */
  readonly tasks: number;
  /** how many, of all, come before those that count */
  readonly warmup: number;
  /** the executor's slots */
  readonly slots: number;
}

const limitMs = 300_000;
const pollMs = 20;

/** Tasks a second: from the last of the warm-up to the last of all. Throws where they did not all run, or some ran twice. */
export async function rateOf(what: "raw" | "dags", { broker, store }: QueuePlace, load: QueueLoad): Promise<number> {
  const total = load.dags * load.tasks;
  const env = {
    ...{ BENCH_BROKER: broker, BENCH_DAGS: String(load.dags), BENCH_TASKS: String(load.tasks) },
    ...{ CELERIAC_DAG_STORE_URL: store, CELERIAC_DAG_EXECUTOR: "celery", CELERIAC_DAG_PARALLELISM: String(load.slots) },
    ...{ CELERIAC_DAG_MAX_TIS_PER_QUERY: String(load.slots), CELERIAC_DAG_DEFAULT_POOL_TASK_SLOT_COUNT: "1000000" },
  };
  const worker = start("dag-worker", [], env);
  const told: Told[] = [];
  worker.on("message", (message) => told.push(message as Told));
  let driver: ChildProcess | null = null;
  try {
    await until(() => told.length > 0, worker);
    driver = start("dag-driver", [what, String(total)], env);
    await until(() => told.at(-1)!.runs >= total, worker, driver);
    await pause(100);
    if (told.at(-1)!.runs !== total) throw new Error(`${total} tasks were to run, and ${told.at(-1)!.runs} ran`);
    const begun = told.find(({ runs }) => runs >= load.warmup)!;
    const [ended] = told.slice(-1) as [Told];
    return (ended.runs - begun.runs) / ((ended.at - begun.at) / 1_000);
  } finally {
    for (const each of [driver, worker]) await end(each);
  }
}

/** What the worker says: how many it has run by then. */
interface Told {
  readonly runs: number;
  readonly at: number;
}

function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return fork(fileURLToPath(new URL(`programs/${program}.ts`, import.meta.url)), args, { env: { ...process.env, ...env } });
}

async function until(isSo: () => boolean, ...running: readonly ChildProcess[]): Promise<void> {
  const deadlineAt = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > deadlineAt) throw new Error(`not all tasks ran within ${limitMs} ms`);
    if (running.some(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null))
      throw new Error("a process of the measurement ended");
    await pause(pollMs);
  }
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
