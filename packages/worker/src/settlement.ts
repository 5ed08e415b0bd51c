/** Turns the ending of a run into what is stored, published and done with its delivery. Pure: the order in which it happens is settle.ts's. */

import {
  type AppRuntime,
  afterChord,
  afterFailure,
  type ChordPlace,
  type ChordStart,
  celeryErrors,
  chordMembersOf,
  type Ending,
  exceptionJson,
  type Followed,
  failureText,
  keptArguments,
  type Publication,
  placesOf,
  type RemoteError,
  type ResultBackend,
  type ResultFacts,
  type ResultRecord,
  readFollowed,
  reasonOf,
  resultText,
  type Settlement,
  stateRecord,
  type UnlockedChord,
  type UnrunFor,
  type UnrunStep,
  unrunBehind,
  unrunRecords,
} from "@celeriac/core/runtime";
import { partsOf } from "./chord-parts.ts";
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
  const done = (ended: Ended, { opens, publish }: Following = nothing): PlannedSettlement => ({
    opens,
    ...ended,
    publish,
    then: acknowledge,
  });
  const revoked = (reason: string) => done(unsuccessful(context, request, "REVOKED", celeryErrors.revoked(reason)));
  const dead = (error: RemoteError, reason: string, counted: boolean): Settlement => ({
    ...unsuccessful(context, request, "FAILURE", error),
    publish: [],
    then: { kind: "deadLetter", reason, counted },
  });
  const failed = (error: RemoteError) => settlementOf(context, request, failedEnding(context, request, error));
  switch (ending.kind) {
    case "succeeded": {
      const results = recordsOf(context, request, "SUCCESS", ending.children, (facts) => resultText(facts, ending.value, null));
      if (ending.unlocked !== undefined) return done(...unlocked(context, request, ending.unlocked, results));
      return done({ results, ...partsOf(context, ending.counts ?? [], "SUCCESS", ending.value) }, ending);
    }
    case "failed": {
      const { error, unrun, counts = [], children } = ending;
      const settlement = done(unsuccessful(context, request, "FAILURE", error, { unrun, counts, children }), ending);
      return acksOn("failure", context.runtime, request) ? settlement : { ...settlement, then: unacknowledged(ending.error) };
    }
    case "replaced":
      return done({ results: [] }, ending);
    case "retried":
      return done({ results: recordsOf(context, request, "RETRY", [], (facts) => failureText(facts, ending.error)) }, ending);
    case "rejected":
      return ending.requeue ? handBack(false) : dead(celeryErrors.reject(ending.reason), ending.reason, true);
    case "ignored":
      return done(behind(context, request, "REVOKED", celeryErrors.revoked("ignored")));
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

/** What follows the chord, in one settlement with the task that has unlocked it. */
function unlocked(
  { runtime, hostname, backend }: SettlementContext,
  { headers, run }: Request,
  chord: UnlockedChord,
  own: readonly ResultRecord[],
): [Ended, Following] {
  const parent = { rootId: headers.rootId, parentId: headers.id, priority: run.priority };
  const after = afterChord(runtime, { ...chord, parent, stamps: headers.stamps, hostname });
  if (backend === null) return [{ results: [] }, after];
  const parts = after.outer.map(({ part }) => part);
  return [{ results: [...own, ...after.results], ...(parts.length === 0 || backend.chords === undefined ? {} : { parts }) }, after];
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
  let known: Pick<Behind, "unrun" | "counts"> = { unrun: [], counts: [] };
  try {
    const followed = readFollowed(runtime, run, headers);
    known = behindOf(followed);
    return { ...failed, ...known, ...afterFailure(runtime, followed, error) };
  } catch (unsent) {
    runtime.logger.error("the error callbacks of a task cannot be sent", {
      taskId: headers.id,
      task: headers.task,
      reason: reasonOf(unsent),
    });
    return { ...failed, ...known, publish: [], children: [] };
  }
}

type Ended = Pick<Settlement, "results" | "parts">;

/** Who waits for a task, or counts it, besides its caller. */
interface Behind {
  /** the steps behind it in its chain */
  readonly unrun: readonly UnrunStep[];
  readonly counts: readonly ChordPlace[];
}

/** Of a task that ended, but not with a success: its own result, and what is behind it. */
function unsuccessful(
  context: SettlementContext,
  request: Request,
  state: UnrunFor["state"],
  error: RemoteError,
  { children = [], ...known }: Partial<Behind> & { readonly children?: readonly unknown[] } = {},
): Ended {
  const own = recordsOf(context, request, state, children, (facts) => failureText(facts, error));
  const { results, parts } = behind(context, request, state, error, known);
  return { results: results.length === 0 ? own : [...own, ...results], parts };
}

/** Of the message by default, where no executor has read it. */
function behind(
  context: SettlementContext,
  { run, headers }: Request,
  state: UnrunFor["state"],
  error: RemoteError,
  known: Partial<Behind> = {},
): Ended {
  const { runtime, hostname, backend } = context;
  if (backend === null) return { results: [] };
  const { unrun, counts } = { ...(known.unrun === undefined ? readBehind(runtime, run, headers) : nothingBehind), ...known };
  const results =
    unrun.length === 0 ? [] : unrunRecords(runtime, unrun, { state, error, hostname, queue: run.queue, replyTo: run.replyTo });
  return { results, ...partsOf(context, counts, state, JSON.stringify(exceptionJson(error))) };
}

const nothingBehind: Behind = Object.freeze({ unrun: [], counts: [] });

function readBehind(runtime: AppRuntime, run: Request["run"], headers: Request["headers"]): Behind {
  try {
    return behindOf(readFollowed(runtime, run, headers));
  } catch (error) {
    // Whom it keeps waiting cannot be told: nobody can read who that is.
    runtime.logger.debug("what is behind a task cannot be read", { taskId: headers.id, reason: reasonOf(error) });
    return nothingBehind;
  }
}

function behindOf({ headers, body: { embed } }: Followed): Behind {
  return { unrun: unrunBehind(embed), counts: placesOf(chordMembersOf(headers, embed, false)) };
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
  const kept = () => keptArguments(run, headers, runtime.contentRules);
  return stateRecord(runtime, { headers, queue: run.queue, replyTo: run.replyTo, hostname, arguments: kept }, state, children, text);
}

/** Where results are ignored, a task may still ask for its errors. */
function isStoredError({ settings }: AppRuntime, { definition }: Request, state: string): boolean {
  if (state !== "FAILURE" && state !== "RETRY" && state !== "REVOKED") return false;
  return definition?.options.storeErrorsEvenIfIgnored ?? settings.taskStoreErrorsEvenIfIgnored;
}
