/** Turns the ending of a run into what is stored, published and done with its delivery. Pure: the order in which it happens is settle.ts's. */

import {
  type AppRuntime,
  afterFailure,
  celeryErrors,
  type Ending,
  failureText,
  type Publication,
  type RemoteError,
  type ResultBackend,
  type ResultFacts,
  type ResultRecord,
  readFollowed,
  reasonOf,
  resultText,
  type Settlement,
  stateRecord,
} from "@celeriac/core/runtime";
import type { Request } from "./request.ts";

export interface SettlementContext {
  readonly runtime: AppRuntime;
  /** the worker's node name */
  readonly hostname: string;
  /** null where results are disabled */
  readonly backend: ResultBackend | null;
}

const acknowledge = { kind: "acknowledge" } as const;

/** `result` is set whenever one is due; where it is written is the caller's to decide. */
export function settlementOf(context: SettlementContext, request: Request, ending: Ending): Settlement {
  const failure = (error: RemoteError, children: readonly unknown[] = []) =>
    recordOf(context, request, "FAILURE", children, (facts) => failureText(facts, error));
  const done = (result: ResultRecord | undefined, publish: readonly Publication[] = []): Settlement => ({
    result,
    publish,
    then: acknowledge,
  });
  const dead = (error: RemoteError, reason: string): Settlement => ({
    result: failure(error),
    publish: [],
    then: { kind: "deadLetter", reason },
  });
  const failed = (error: RemoteError) => settlementOf(context, request, failedEnding(context, request, error));
  switch (ending.kind) {
    case "succeeded":
      return done(
        recordOf(context, request, "SUCCESS", ending.children, (facts) => resultText(facts, ending.value, null)),
        ending.publish,
      );
    case "failed": {
      const settlement = done(failure(ending.error, ending.children), ending.publish);
      return acksOn("failure", context.runtime, request) ? settlement : { ...settlement, then: unacknowledged(ending.error) };
    }
    case "retried":
      return done(
        recordOf(context, request, "RETRY", [], (facts) => failureText(facts, ending.error)),
        ending.publish,
      );
    case "rejected":
      return ending.requeue
        ? { publish: [], then: { kind: "requeue", counted: false } }
        : dead(celeryErrors.reject(ending.reason), ending.reason);
    case "ignored":
      return done(undefined);
    case "expired":
      return done(recordOf(context, request, "REVOKED", [], (facts) => failureText(facts, celeryErrors.revoked("expired"))));
    case "terminated":
      return done(recordOf(context, request, "REVOKED", [], (facts) => failureText(facts, celeryErrors.revoked("terminated"))));
    case "revoked":
      return done(recordOf(context, request, "REVOKED", [], (facts) => failureText(facts, celeryErrors.revoked(ending.reason))));
    case "undecodable":
      return dead(celeryErrors.reject(ending.reason), ending.reason);
    case "unknown":
      return dead(celeryErrors.notRegistered(request.headers.task), `no task ${request.headers.task} is registered here`);
    case "timedOut": {
      const error = celeryErrors.timeLimit(ending.limitMs / 1_000);
      const settlement: Settlement = { ...failed(error), then: acknowledge };
      return acksOn("timeout", context.runtime, request) ? settlement : { ...settlement, then: unacknowledged(error) };
    }
    case "poisoned":
      return poisoned(`began ${ending.deliveries} times without an end`, failed);
    case "executorLost":
      return lost(context, request, ending, failed);
    case "handedBack":
      return { publish: [], then: { kind: "requeue", counted: false } };
  }
}

/** The run that may have ended its executor is counted, and goes to the dead letters once it did so too often. */
function lost(
  { runtime }: SettlementContext,
  request: Request,
  { begun, reason }: Extract<Ending, { kind: "executorLost" }>,
  failed: (error: RemoteError) => Settlement,
): Settlement {
  const again = request.definition?.options.rejectOnWorkerLost ?? runtime.settings.taskRejectOnWorkerLost;
  if (begun && !again) return failed(celeryErrors.workerLost(reason));
  const runs = request.delivery.deliveries + 1;
  if (!begun || runs < request.maxDeliveries) return { publish: [], then: { kind: "requeue", counted: begun } };
  return poisoned(`began ${runs} times and ended its executor each time: ${reason}`, failed);
}

/** Whether a task that failed, or ran into its hard limit, is acknowledged. One that was acknowledged before it ran is. */
function acksOn(what: "failure" | "timeout", { settings }: AppRuntime, { acksLate, definition }: Request): boolean {
  if (!acksLate) return true;
  const { acksOnFailure, acksOnTimeout, acksOnFailureOrTimeout } = definition?.options ?? {};
  const [ofTask, ofApp] = what === "failure" ? [acksOnFailure, settings.taskAcksOnFailure] : [acksOnTimeout, settings.taskAcksOnTimeout];
  return ofTask ?? acksOnFailureOrTimeout ?? ofApp ?? settings.taskAcksOnFailureOrTimeout;
}

function unacknowledged({ type, args }: RemoteError): Settlement["then"] {
  return {
    kind: "deadLetter",
    reason: `it failed and is not acknowledged on failure: ${type}${args.length === 0 ? "" : `: ${String(args[0])}`}`,
  };
}

/** It ended those who ran it: a failure that may be redriven from the dead letters. */
function poisoned(reason: string, failed: (error: RemoteError) => Settlement): Settlement {
  return { ...failed(celeryErrors.workerLost(reason)), then: { kind: "deadLetter", reason } };
}

/** The failure of a run that could not tell it itself, with what its error callbacks get; none where these cannot be sent. */
export function failedEnding({ runtime }: SettlementContext, { run, headers }: Request, error: RemoteError): Ending {
  const failed = { kind: "failed", error, expected: false } as const;
  try {
    return { ...failed, ...afterFailure(runtime, readFollowed(runtime, run, headers), error) };
  } catch (unsent) {
    runtime.logger.error("the error callbacks of a task cannot be sent", {
      taskId: headers.id,
      task: headers.task,
      reason: reasonOf(unsent),
    });
    return { ...failed, publish: [], children: [] };
  }
}

/** A record unless the caller ignores results, or nobody keeps any. */
export function recordOf(
  { runtime, hostname, backend }: SettlementContext,
  request: Request,
  state: string,
  children: readonly unknown[],
  text: (facts: ResultFacts) => string,
): ResultRecord | undefined {
  if (backend === null || (request.ignoreResult && !isStoredError(runtime, request, state))) return undefined;
  const { headers, run } = request;
  return stateRecord(runtime, { headers, queue: run.queue, replyTo: run.replyTo, hostname }, state, children, text);
}

/** Where results are ignored, a task may still ask for its errors. */
function isStoredError({ settings }: AppRuntime, { definition }: Request, state: string): boolean {
  if (state !== "FAILURE" && state !== "RETRY" && state !== "REVOKED") return false;
  return definition?.options.storeErrorsEvenIfIgnored ?? settings.taskStoreErrorsEvenIfIgnored;
}
