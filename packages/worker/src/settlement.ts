/** Turns the ending of a run into what is stored, published and done with its delivery. Pure: the order in which it happens is settle.ts's. */

import {
  type AppRuntime,
  afterFailure,
  type ChordStart,
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
  type UnrunFor,
  type UnrunStep,
  unrunBehind,
  unrunRecords,
} from "@celeriac/core/runtime";
import type { Request } from "./request.ts";
import type { PlannedSettlement } from "./settle.ts";

export interface SettlementContext {
  readonly runtime: AppRuntime;
  /** the worker's node name */
  readonly hostname: string;
  /** null where results are disabled */
  readonly backend: ResultBackend | null;
}

/** What an ending sends. */
interface Following {
  readonly opens?: readonly ChordStart[] | undefined;
  readonly publish: readonly Publication[];
}

const acknowledge = { kind: "acknowledge" } as const;
const nothing: Following = Object.freeze({ publish: [] });

/** `results` are all that are due; where they are written is the caller's to decide. */
export function settlementOf(context: SettlementContext, request: Request, ending: Ending): PlannedSettlement {
  const done = (results: readonly ResultRecord[], { opens, publish }: Following = nothing): PlannedSettlement => ({
    opens,
    results,
    publish,
    then: acknowledge,
  });
  const revoked = (reason: string) => done(unsuccessful(context, request, "REVOKED", celeryErrors.revoked(reason)));
  const dead = (error: RemoteError, reason: string, counted: boolean): Settlement => ({
    results: unsuccessful(context, request, "FAILURE", error),
    publish: [],
    then: { kind: "deadLetter", reason, counted },
  });
  const failed = (error: RemoteError) => settlementOf(context, request, failedEnding(context, request, error));
  switch (ending.kind) {
    case "succeeded":
      return done(
        recordsOf(context, request, "SUCCESS", ending.children, (facts) => resultText(facts, ending.value, null)),
        ending,
      );
    case "failed": {
      const { error, unrun, children } = ending;
      const settlement = done(unsuccessful(context, request, "FAILURE", error, { unrun, children }), ending);
      return acksOn("failure", context.runtime, request) ? settlement : { ...settlement, then: unacknowledged(ending.error) };
    }
    case "replaced":
      return done([], ending);
    case "retried":
      return done(
        recordsOf(context, request, "RETRY", [], (facts) => failureText(facts, ending.error)),
        ending,
      );
    case "rejected":
      return ending.requeue ? handBack(false) : dead(celeryErrors.reject(ending.reason), ending.reason, true);
    case "ignored":
      return done(unrunRecordsOf(context, request, "REVOKED", celeryErrors.revoked("ignored")));
    case "expired":
    case "terminated":
      return revoked(ending.kind);
    case "revoked":
      return revoked(ending.reason);
    case "undecodable":
      return dead(celeryErrors.reject(ending.reason), ending.reason, false);
    case "unknown":
      return dead(celeryErrors.notRegistered(request.headers.task), `no task ${request.headers.task} is registered here`, false);
    case "timedOut": {
      const error = celeryErrors.timeLimit(ending.limitMs / 1_000);
      const settlement = { ...failed(error), then: acknowledge };
      return acksOn("timeout", context.runtime, request) ? settlement : { ...settlement, then: unacknowledged(error) };
    }
    case "poisoned":
      return poisoned(`began ${ending.deliveries} times without an end`, false, failed);
    case "executorLost":
      return lost(context, request, ending, failed);
    case "handedBack":
      return handBack(false);
  }
}

function handBack(counted: boolean): Settlement {
  return { results: [], publish: [], then: { kind: "requeue", counted } };
}

/** The run that may have ended its executor is counted, and goes to the dead letters once it did so too often. */
function lost(
  { runtime }: SettlementContext,
  request: Request,
  { begun, reason }: Extract<Ending, { kind: "executorLost" }>,
  failed: (error: RemoteError) => PlannedSettlement,
): PlannedSettlement {
  const again = request.definition?.options.rejectOnWorkerLost ?? runtime.settings.taskRejectOnWorkerLost;
  if (begun && !again) return failed(celeryErrors.workerLost(reason));
  const runs = request.delivery.deliveries + 1;
  if (!begun || runs < request.maxDeliveries) return handBack(begun);
  return poisoned(`began ${runs} times and ended its executor each time: ${reason}`, true, failed);
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
    counted: true,
    reason: `it failed and is not acknowledged on failure: ${type}${args.length === 0 ? "" : `: ${String(args[0])}`}`,
  };
}

/** It ended those who ran it: a failure that may be redriven from the dead letters. */
function poisoned(reason: string, counted: boolean, failed: (error: RemoteError) => PlannedSettlement): PlannedSettlement {
  return { ...failed(celeryErrors.workerLost(reason)), then: { kind: "deadLetter", reason, counted } };
}

/** The failure of a run that could not tell it itself, with what its error callbacks get; none where these cannot be sent. */
export function failedEnding({ runtime }: SettlementContext, { run, headers }: Request, error: RemoteError): Ending {
  const failed = { kind: "failed", error, expected: false } as const;
  let unrun: readonly UnrunStep[] = [];
  try {
    const followed = readFollowed(runtime, run, headers);
    unrun = unrunBehind(followed.body.embed);
    return { ...failed, unrun, ...afterFailure(runtime, followed, error) };
  } catch (unsent) {
    runtime.logger.error("the error callbacks of a task cannot be sent", {
      taskId: headers.id,
      task: headers.task,
      reason: reasonOf(unsent),
    });
    return { ...failed, unrun, publish: [], children: [] };
  }
}

/** Of a task that ended, but not with a success: its own, and those of the steps behind it. */
function unsuccessful(
  context: SettlementContext,
  request: Request,
  state: UnrunFor["state"],
  error: RemoteError,
  known: { readonly unrun?: readonly UnrunStep[]; readonly children?: readonly unknown[] } = {},
): readonly ResultRecord[] {
  const own = recordsOf(context, request, state, known.children ?? [], (facts) => failureText(facts, error));
  const unrun = unrunRecordsOf(context, request, state, error, known.unrun);
  return unrun.length === 0 ? own : [...own, ...unrun];
}

/** `steps` by default those that the message names, where no executor has read it. */
function unrunRecordsOf(
  { runtime, hostname, backend }: SettlementContext,
  { run, headers }: Request,
  state: UnrunFor["state"],
  error: RemoteError,
  steps: readonly UnrunStep[] = readUnrun(runtime, run, headers),
): readonly ResultRecord[] {
  if (backend === null || steps.length === 0) return [];
  return unrunRecords(runtime, steps, { state, error, hostname, queue: run.queue, replyTo: run.replyTo });
}

function readUnrun(runtime: AppRuntime, run: Request["run"], headers: Request["headers"]): readonly UnrunStep[] {
  try {
    return unrunBehind(readFollowed(runtime, run, headers).body.embed);
  } catch (error) {
    // Whom it keeps waiting cannot be told: nobody can read who that is.
    runtime.logger.debug("what is behind a task in its chain cannot be read", { taskId: headers.id, reason: reasonOf(error) });
    return [];
  }
}

function recordsOf(...[context, request, state, children, text]: Parameters<typeof recordOf>): readonly ResultRecord[] {
  const record = recordOf(context, request, state, children, text);
  return record === undefined ? [] : [record];
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
