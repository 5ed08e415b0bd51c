/** Airflow's own processes: the scheduler, which a scenario may kill and start anew with other settings, and those beside it. */
import { eventually } from "../support/eventually.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { familyOf } from "./process-tree.ts";
import { openServerApi, type ServerApi } from "./server-api.ts";
import type { Stage } from "./stage.ts";

export interface Troupe {
  readonly api: ServerApi;
  /** What the schedulers wrote so far. */
  schedulerLog(): string;
  killScheduler(): Promise<void>;
  /** Ends the scheduler that runs and starts one with these settings beside the usual ones. */
  restartScheduler(settings?: NodeJS.ProcessEnv): Promise<void>;
  /** Starts the usual scheduler unless it runs. */
  restore(): Promise<void>;
}

const startLimitMs = 300_000;

/** Resolves when DAGs can be run. */
export async function callTroupe(stage: Stage): Promise<Troupe> {
  const words = stage.airflow.major === 2 ? [["webserver"]] : [["api-server"], ["dag-processor"]];
  const others = words.map((command) => stage.start(command));
  const schedulers: PrivateProcess[] = [];
  /** null: it has ended, and its number may be another's */
  let running: PrivateProcess | null = null;
  let settings: NodeJS.ProcessEnv | null = null;

  async function killScheduler(): Promise<void> {
    settings = null;
    if (running === null) return;
    // Its children have its connections: one that it had a lock by would keep it for as long as they live, and no other scheduler would queue a task.
    const children = familyOf(running.pid).slice(1);
    await running.stop({ signal: "SIGKILL" });
    for (const pid of children) killIfThere(pid);
  }
  async function restartScheduler(wanted: NodeJS.ProcessEnv = {}): Promise<void> {
    await killScheduler();
    const scheduler = stage.start(["scheduler"], wanted);
    schedulers.push(scheduler);
    running = scheduler;
    void scheduler.ended.then(() => {
      if (running === scheduler) running = null;
    });
    await scheduler.wrote(/Starting the scheduler/, startLimitMs);
    settings = wanted;
  }
  try {
    await restartScheduler();
    const api = await openServerApi(stage);
    await eventually(async () => (await api.dags()).includes("xcom"), { withinMs: startLimitMs, everyMs: 500 });
    return {
      api,
      schedulerLog: () => schedulers.map((scheduler) => scheduler.output()).join(""),
      killScheduler,
      restartScheduler,
      async restore() {
        if (settings === null || Object.keys(settings).length > 0) await restartScheduler();
      },
    };
  } catch (error) {
    throw new Error(`Airflow did not start:\n${[...others, ...schedulers].map((one) => one.output().slice(-4_000)).join("\n")}`, {
      cause: error,
    });
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended with its parent.
  }
}
