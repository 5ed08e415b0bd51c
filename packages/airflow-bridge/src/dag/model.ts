/** A DAG as scheduler, runner and commands see it: frozen data that the builder makes from the code of its author, the same in every process that loads it. */
import type { Schedule } from "@celeriac/core";
import type { Clock } from "@celeriac/core/runtime";
import type { Input } from "./definition/input.ts";
import type { OpenHooks } from "./hooks/open-hooks.ts";
import type { RunPlace, TryRecord } from "./records.ts";
import type { RunContext } from "./runner/run-context.ts";
import type { RunState, TriggerRule, WeightRule } from "./states.ts";

/** Times are epoch ms, waits ms. */
export interface DagModel {
  readonly id: string;
  readonly schedule: DagSchedule;
  /** no run before, none after */
  readonly startAt: number | null;
  readonly endAt: number | null;
  readonly catchUp: boolean;
  /** runs at once; 16 */
  readonly maxActiveRuns: number;
  /** instances of one run at once; 16 */
  readonly maxActiveTasks: number;
  readonly runTimeoutMs: number | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  /** each behind all that it waits for */
  readonly tasks: ReadonlyMap<string, TaskModel>;
  readonly groups: readonly GroupModel[];
  /** where its tries are written down beside the store; null: nowhere */
  readonly log: TryLog | null;
}

/** One object for all DAGs that share it. */
export interface TryLog {
  /** All tries of some runs that have ended by now; safe to repeat. Rejects with DAG_STORE_*, DAG_TABLES_MISSING. */
  write(runs: readonly (readonly TryRecord[])[]): Promise<void>;
}

export interface DagSchedule {
  /** a preset, a cron string, one of core's schedules; null: only by hand */
  readonly when: string | Schedule | null;
  /** IANA name */
  readonly tz: string;
  /** Airflow 3's rules, or the data intervals of 2.x */
  readonly timetable: "trigger" | "interval";
}

/** Its tasks bear its id and a point in front of theirs; groups nest. */
export interface GroupModel {
  readonly id: string;
  readonly parent: string | null;
}

export interface TaskModel {
  /** unique in the DAG, groups in front: "load.rows" */
  readonly id: string;
  readonly group: string | null;
  /** what it is, for people: "function", "task", "bash", "branch", "sensor" … */
  readonly operator: string;
  /** ids of direct neighbours */
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
  readonly options: TaskModelOptions;
  /** Arguments of `work`, read in each run. One or more of kind "each": an instance per item. */
  readonly inputs: readonly Input[];
  readonly work: Work;
}

export interface TaskModelOptions {
  /** null: the app's default */
  readonly queue: string | null;
  /** tries after the first */
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly exponentialBackoff: boolean;
  readonly maxRetryDelayMs: number | null;
  readonly triggerRule: TriggerRule;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly weightRule: WeightRule;
  readonly executionTimeoutMs: number | null;
  readonly dependsOnPast: boolean;
}

/** What an instance does. */
export type Work =
  /** a function of the DAG, and every operator made of one */
  | { readonly kind: "run"; run(context: WorkContext, args: readonly unknown[]): Promise<Ending> }
  /** a task of the app, by name: the celery executor queues it as itself, in whatever language its worker is */
  | { readonly kind: "task"; readonly task: string }
  | ({ readonly kind: "wait" } & Wait);

/** A sensor, or a run that was triggered. May be asked any number of times, by different processes. */
export interface Wait {
  /** poke: holds its slot; reschedule: gives it back between two looks; defer: holds none, the triggerer looks */
  readonly mode: "poke" | "reschedule" | "defer";
  readonly intervalMs: number;
  /** from the first start on, over all its looks */
  readonly timeoutMs: number | null;
  /** skipped instead of failed when it took too long, or fails for good */
  readonly softFail: boolean;
  /** `undefined` or `false`: not yet; anything else ends the wait, and is its value */
  poke(context: WorkContext, args: readonly unknown[]): Promise<unknown>;
}

/** What work is given: what its author sees of the run, and what our own operators need. */
export interface WorkContext extends RunContext {
  /** of the process, for processes that are started */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly runs: RunAccess;
  /** of the process */
  readonly hooks: Pick<OpenHooks, "use">;
}

/** Runs of DAGs, for work that begins one or waits for one. */
export interface RunAccess {
  /** Makes the run, unless there is one of this id already. `logicalDate`: epoch ms; null: now. Throws DAG_UNKNOWN for a DAG that the store has not seen. */
  trigger(run: RunPlace & { readonly logicalDate: number | null; readonly params: Readonly<Record<string, unknown>> }): Promise<void>;
  /** null: there is no such run. Throws DAG_UNKNOWN for a DAG that the store has not seen. */
  find(dagId: string, which: SoughtRun): Promise<FoundRun | null>;
}

/** A run by its id, or by its logical date (epoch ms): of several the newest. */
export type SoughtRun = { readonly runId: string } | { readonly logicalDate: number };

export interface FoundRun {
  readonly runId: string;
  readonly state: RunState;
}

/** How a try ended. */
export type Ending =
  | { readonly kind: "success"; readonly value: unknown }
  /** well, but all instances of these tasks that have not ended are skipped at once, whatever their rules; what stands behind them goes by its own */
  | { readonly kind: "branch"; readonly value: unknown; readonly skip: readonly string[] }
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string; readonly retryable: boolean }
  /** looks again, in the same try */
  | { readonly kind: "reschedule"; readonly at: number }
  | { readonly kind: "defer"; readonly at: number };
