/** Options of a task of a DAG: what its author may say, and what the model makes of it. */
import {
  CeleriacError,
  checkOptions,
  type Duration,
  durationMs,
  isCount,
  isDuration,
  isFlag,
  isText,
  type OptionCheck,
  shownValue,
} from "@celeriac/core/runtime";
import type { TaskModelOptions } from "../model.ts";
import { type TriggerRule, triggerRules, type WeightRule, weightRules } from "../states.ts";

export interface NodeOptions {
  /** default: the first argument, or the last part of the task's name */
  id?: string;
  /** default: the task's own, or the app's */
  queue?: string;
  /** tries after the first; 0 */
  retries?: number;
  /** 300 s */
  retryDelay?: Duration;
  /** twice as long after each try, with a jitter as Airflow has it */
  retryExponentialBackoff?: boolean;
  maxRetryDelay?: Duration;
  /** when it may run, by how the tasks before it ended; "all_success" */
  triggerRule?: TriggerRule;
  /** "default_pool" */
  pool?: string;
  /** 1 */
  poolSlots?: number;
  /** the heavier first; 1 */
  priorityWeight?: number;
  /** "downstream": its own and those of all behind it */
  weightRule?: WeightRule;
  /** of one try; default: as long as it likes */
  executionTimeout?: Duration;
  /** waits until its instance of the run before ended well */
  dependsOnPast?: boolean;
}

export const nodeOptionChecks: Readonly<Record<keyof NodeOptions, OptionCheck>> = {
  id: isText,
  queue: isText,
  retries: isCount,
  retryDelay: isDuration,
  retryExponentialBackoff: isFlag,
  maxRetryDelay: isDuration,
  triggerRule: (value) => (triggerRules as readonly unknown[]).includes(value),
  pool: isText,
  poolSlots: (value) => isCount(value) && value !== 0,
  priorityWeight: (value) => Number.isInteger(value),
  weightRule: (value) => (weightRules as readonly unknown[]).includes(value),
  executionTimeout: isDuration,
  dependsOnPast: isFlag,
};

/** Throws CONFIG_UNKNOWN with the nearest name, CONFIG_DURATION, and DAG_DEFINITION for a value that does not fit. `what`: "task rows of the DAG etl". */
export function checkNodeOptions(what: string, options: object, more: Readonly<Record<string, OptionCheck>> = {}): void {
  checkOptions(
    what,
    { ...nodeOptionChecks, ...more },
    options,
    (name, value) => new CeleriacError("DAG_DEFINITION", `Option ${name} of ${what} cannot be ${shownValue(value)}`),
  );
}

/** Airflow's defaults, under those of the DAG, under the task's own. */
export function modelOptions(defaults: NodeOptions, own: NodeOptions): TaskModelOptions {
  const given = { ...defaults, ...stated(own) };
  const { retryDelay = 300, maxRetryDelay, executionTimeout } = given;
  return Object.freeze({
    queue: given.queue ?? null,
    retries: given.retries ?? 0,
    retryDelayMs: durationMs(retryDelay),
    exponentialBackoff: given.retryExponentialBackoff ?? false,
    maxRetryDelayMs: maxRetryDelay === undefined ? null : durationMs(maxRetryDelay),
    triggerRule: given.triggerRule ?? "all_success",
    pool: given.pool ?? "default_pool",
    poolSlots: given.poolSlots ?? 1,
    priorityWeight: given.priorityWeight ?? 1,
    weightRule: given.weightRule ?? "downstream",
    executionTimeoutMs: executionTimeout === undefined ? null : durationMs(executionTimeout),
    dependsOnPast: given.dependsOnPast ?? false,
  });
}

/** undefined counts as absent. */
export function stated(options: NodeOptions): NodeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
