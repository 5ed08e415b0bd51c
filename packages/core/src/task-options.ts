/** The options of a task: what a sender must know (part of the contract) and what only the worker needs. */
import type { Signature } from "./canvas/signature.ts";
import { type CompressionName, isCompression } from "./compression.ts";
import type { TaskRequest } from "./context.ts";
import type { Duration } from "./duration.ts";
import { CeleriacError, type ErrorClass } from "./errors.ts";
import { checkOptions, isCount, isDuration, isFlag, isSerializer, isText, type OptionCheck } from "./option-check.ts";
import { isPriority, type Priority } from "./priority.ts";
import { type RateLimit, readRateLimit } from "./rate-limit.ts";
import type { SerializerName } from "./serializer.ts";
import { shownValue } from "./setting.ts";
import type { Step } from "./step.ts";

/** What a sender must know. */
export interface SendOptions<A extends readonly unknown[]> {
  /** Python parameter names, one each, so that keyword arguments bind */
  params?: { readonly [K in keyof A]: string } | undefined;
  queue?: string | undefined;
  priority?: Priority | undefined;
  expires?: Duration | undefined;
  /** how the arguments are written */
  serializer?: SerializerName | undefined;
  /** of the arguments; zstd on Node.js 22.15 and later */
  compression?: CompressionName | undefined;
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
  /** hard limit of a run; 0 is none */
  timeLimit?: Duration | undefined;
  /** soft limit of a run; 0 is none */
  softTimeLimit?: Duration | undefined;
  /** how often a worker lets it begin, each for itself: "10/s", "100/m", "1/h", a number is per second; 0 and null are no limit */
  rateLimit?: RateLimit | null | undefined;
  trackStarted?: boolean | undefined;
  /** where results are ignored, store failures, retries and revocations all the same */
  storeErrorsEvenIfIgnored?: boolean | undefined;
  /** false: not acknowledged when it failed, but put among the dead letters, where it can be redriven; needs acksLate */
  acksOnFailure?: boolean | undefined;
  /** the same for a run that its hard time limit ended */
  acksOnTimeout?: boolean | undefined;
  /** what the two above are where they are not given */
  acksOnFailureOrTimeout?: boolean | undefined;
  /** false: has failed when its executor died; true by default: runs again, until maxDeliveries */
  rejectOnWorkerLost?: boolean | undefined;
  /**
   * What monitors, remote control and extended results are shown of its arguments, made from the text that its sender shows (Python's repr of them, often
   * cut off): for arguments that bear secrets. The message itself stays as it is.
   */
  showArguments?: ((shown: string) => string) | undefined;
  /** Gives what runs in its place when it calls self.replace(signature): that signature, changed, or another. */
  onReplace?: ((signature: Signature<[], unknown>, request: TaskRequest) => Step<[], unknown>) | undefined;
}

export type TaskOptions<A extends readonly unknown[]> = SendOptions<A> & RunOptions;

const checks: Readonly<Record<keyof TaskOptions<readonly unknown[]> | "input" | "output" | "progress", OptionCheck>> = {
  input: isSchema,
  output: isSchema,
  progress: isSchema,
  params: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
  queue: isText,
  priority: isPriority,
  expires: isDuration,
  serializer: isSerializer,
  compression: isCompression,
  ignoreResult: isFlag,
  throws: isClasses,
  maxRetries: (value) => value === null || isCount(value),
  autoretryFor: (value) => typeof value === "function" || isClasses(value),
  dontAutoretryFor: (value) => typeof value === "function" || isClasses(value),
  retryBackoff: (value, name) => isFlag(value) || isDuration(value, name),
  retryBackoffMax: isDuration,
  retryJitter: isFlag,
  defaultRetryDelay: isDuration,
  acksLate: isFlag,
  maxDeliveries: (value) => isCount(value) && value !== 0,
  timeLimit: isDuration,
  softTimeLimit: isDuration,
  rateLimit: (value) => readRateLimit(value) !== undefined,
  trackStarted: isFlag,
  storeErrorsEvenIfIgnored: isFlag,
  acksOnFailure: isFlag,
  acksOnTimeout: isFlag,
  acksOnFailureOrTimeout: isFlag,
  rejectOnWorkerLost: isFlag,
  showArguments: (value) => typeof value === "function",
  onReplace: (value) => typeof value === "function",
};

/** Those of tasks with a schema among them. */
export const taskOptionNames: readonly string[] = Object.keys(checks);

/** Throws CONFIG_UNKNOWN with the nearest name, TASK_DEFINITION or CONFIG_DURATION for a value that does not fit. */
export function checkTaskOptions(task: string, options: object): void {
  checkOptions(
    `task ${task}`,
    checks,
    options,
    (name, value) => new CeleriacError("TASK_DEFINITION", `Task ${task}: option ${name} cannot be ${shownValue(value)}`),
  );
}

/** Standard Schemas are objects or functions. */
function isSchema(value: unknown): boolean {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "~standard" in value;
}

function isClasses(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "function" && typeof item.prototype === "object");
}
