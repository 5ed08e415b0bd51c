/** The options of a task: what a sender must know (part of the contract) and what only the worker needs. */
import type { Priority } from "./config.ts";
import type { Duration } from "./duration.ts";
import { durationMs } from "./duration.ts";
import { CeleriacError } from "./errors.ts";
import { unknownName } from "./setting.ts";

// biome-ignore lint/suspicious/noExplicitAny: any constructor of errors will do
export type ErrorClass = abstract new (...args: any) => Error;

/** What a sender must know. */
export interface SendOptions<A extends readonly unknown[]> {
  /** Python parameter names, one each, so that keyword arguments bind */
  params?: { readonly [K in keyof A]: string } | undefined;
  queue?: string | undefined;
  priority?: Priority | undefined;
  expires?: Duration | undefined;
  ignoreResult?: boolean | undefined;
  /** expected failures: logged without traceback, revived by name on the caller's side as TaskError.cause */
  throws?: readonly ErrorClass[] | undefined;
}

/** What only the worker needs. */
export interface RunOptions {
  /** 3 unless told; null retries for ever */
  maxRetries?: number | null | undefined;
  autoretryFor?: readonly ErrorClass[] | ((error: unknown) => boolean) | undefined;
  dontAutoretryFor?: readonly ErrorClass[] | ((error: unknown) => boolean) | undefined;
  /** wait of retry n: factor × 2^n, at most retryBackoffMax; true is a factor of 1 s */
  retryBackoff?: boolean | Duration | undefined;
  /** 10 minutes unless told */
  retryBackoffMax?: Duration | undefined;
  /** a random wait between 0 and the computed one; true unless told */
  retryJitter?: boolean | undefined;
  /** 3 minutes unless told, as in Celery */
  defaultRetryDelay?: Duration | undefined;
  acksLate?: boolean | undefined;
  maxDeliveries?: number | undefined;
  timeLimit?: Duration | undefined;
  softTimeLimit?: Duration | undefined;
  trackStarted?: boolean | undefined;
}

export type TaskOptions<A extends readonly unknown[]> = SendOptions<A> & RunOptions;

/** Every option's name and how its value is checked. */
const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  input: isObject,
  output: isObject,
  progress: isObject,
  params: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
  queue: isText,
  priority: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 9,
  expires: isDuration,
  ignoreResult: isFlag,
  throws: isClasses,
  maxRetries: (value) => value === null || isCount(value),
  autoretryFor: (value) => typeof value === "function" || isClasses(value),
  dontAutoretryFor: (value) => typeof value === "function" || isClasses(value),
  retryBackoff: (value) => isFlag(value) || isDuration(value),
  retryBackoffMax: isDuration,
  retryJitter: isFlag,
  defaultRetryDelay: isDuration,
  acksLate: isFlag,
  maxDeliveries: (value) => isCount(value) && value !== 0,
  timeLimit: isDuration,
  softTimeLimit: isDuration,
  trackStarted: isFlag,
};

/** Throws CONFIG_UNKNOWN with the nearest name, TASK_DEFINITION for a value that does not fit. */
export function checkTaskOptions(task: string, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    const check = checks[name];
    if (check === undefined) throw unknownName(`option of task ${task}`, name, Object.keys(checks));
    if (value !== undefined && !check(value))
      throw new CeleriacError("TASK_DEFINITION", `Task ${task}: option ${name} cannot be ${JSON.stringify(value) ?? String(value)}`);
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}
function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}
function isObject(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
function isClasses(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "function");
}
function isDuration(value: unknown): boolean {
  if (typeof value !== "number" && typeof value !== "string") return false;
  durationMs(value as Duration);
  return true;
}
