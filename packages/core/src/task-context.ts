/** Makes the `self` of a run: the same for a worker's executor and for a task called in place. */
import type { Signature } from "./canvas/signature.ts";
import {
  IgnoreSignal,
  RejectSignal,
  ReplaceSignal,
  type RetryOptions,
  RetrySignal,
  type TaskContext,
  type TaskRequest,
} from "./context.ts";
import { CeleriacError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { AsyncResult } from "./result.ts";
import { progressState } from "./states.ts";
import { type Step, stepJson } from "./step.ts";
import { checkStepName } from "./steps.ts";
import type { RunOptions } from "./task-options.ts";

export interface ContextParts {
  readonly request: TaskRequest;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly deps: unknown;
  /** the task's own option */
  readonly onReplace: RunOptions["onReplace"];
  /** true makes updateState reject with TASK_CONTEXT: a run that has ended must not overwrite its own result */
  readonly ended: boolean;
  updateState(state: string, meta: unknown): Promise<void>;
  /** `name` is one, and new in this run */
  step(name: string, body: () => unknown): Promise<unknown>;
  addToChord<R>(step: Step<[], R>): Promise<AsyncResult<R>>;
  heartbeat(): void;
}

const reservedStates: ReadonlySet<string> = new Set(["PENDING", "SUCCESS", "FAILURE", "REVOKED", "RETRY"]);

/** `parts` is looked at whenever the task asks. */
export function createContext(parts: ContextParts): TaskContext {
  const updateState = async (state: string, meta: unknown = null): Promise<void> => {
    if (parts.ended)
      throw new CeleriacError("TASK_CONTEXT", "updateState() was called after the task had ended: await what the task starts");
    if (!/^[A-Z][A-Z0-9_]*$/.test(state) || reservedStates.has(state)) {
      throw new CeleriacError(
        "TASK_CONTEXT",
        `updateState(${JSON.stringify(state)}): a state of your own is upper-case and none of ${[...reservedStates].join(", ")}`,
      );
    }
    await parts.updateState(state, meta);
  };
  let steps: Set<string> | null = null;
  return {
    request: parts.request,
    // Asked for only when the task asks: an executor makes a signal for those runs alone.
    get signal() {
      return parts.signal;
    },
    log: parts.log,
    deps: parts.deps,
    progress: (progress) => updateState(progressState, progress),
    updateState,
    retry(options: RetryOptions = {}): never {
      throw new RetrySignal(options);
    },
    reject({ requeue = false, reason = "rejected by the task" } = {}): never {
      throw new RejectSignal(requeue, reason);
    },
    replace(signature): never {
      // Whatever can be composed is a signature.
      const replacement = parts.onReplace?.(signature as Signature<[], unknown>, parts.request) ?? signature;
      throw new ReplaceSignal(stepJson(replacement));
    },
    async addToChord<R>(signature: Step<[], R>) {
      if (parts.ended)
        throw new CeleriacError("TASK_CONTEXT", "addToChord() was called after the task had ended: await what the task starts");
      return await parts.addToChord(signature);
    },
    ignore(): never {
      throw new IgnoreSignal("ignored by the task");
    },
    heartbeat: () => parts.heartbeat(),
    async step<T>(name: string, body: () => T | Promise<T>): Promise<T> {
      if (parts.ended) throw new CeleriacError("TASK_CONTEXT", "step() was called after the task had ended: await what the task starts");
      steps ??= new Set();
      checkStepName(name, steps);
      return (await parts.step(name, body)) as T;
    },
  };
}
