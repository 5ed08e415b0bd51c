/** What follows a run: callbacks, error callbacks and the next step of its chain, each of them a task or a canvas, as publications whose ids are derived from the run. */
import type { AppRuntime } from "./app-runtime.ts";
import { attemptNumber } from "./attempt.ts";
import type { Publication } from "./broker.ts";
import { groupJson, kindOf } from "./canvas/composite.ts";
import { type Given, type Plan, type PlanContext, plan } from "./canvas/plan.ts";
import { startsOf, withArguments } from "./canvas/reach.ts";
import type { ChordStart } from "./chord.ts";
import type { Composed } from "./compose.ts";
import { resultExpiresMs } from "./config.ts";
import { deriveId, type FollowUpKind } from "./derived-id.ts";
import { CeleriacError, type RemoteError } from "./errors.ts";
import { type Body, encodeMessage, type Message } from "./message.ts";
import { countsChords } from "./open.ts";
import type { ResultTuple } from "./result-meta.ts";
import type { FailureInfo, SignatureJson } from "./step.ts";
import type { TaskHeaders } from "./task-headers.ts";

/** The run that others follow. */
export interface Followed {
  readonly headers: TaskHeaders;
  /** as received, for the custom ones */
  readonly rawHeaders: Readonly<Record<string, unknown>>;
  readonly body: Body;
  /** as received */
  readonly rawBody: Uint8Array;
  readonly contentType: string;
  readonly queue: string;
  readonly priority: number | null;
  readonly replyTo: string | null;
}

export interface FollowUps {
  /** chords to be opened before anything is published; absent: none */
  readonly opens?: readonly ChordStart[] | undefined;
  readonly publish: readonly Publication[];
  readonly children: readonly ResultTuple[];
}

const none: FollowUps = Object.freeze({ publish: [], children: [] });

/** Callbacks and the next chain step, each given the result. Throws what planning and encoding them throws, RESULT_CHORDS. */
export function afterSuccess(runtime: AppRuntime, run: Followed, value: unknown): FollowUps {
  const { callbacks, chain } = run.body.embed;
  const next = chain?.at(-1);
  if (callbacks === null && next === undefined) return none;
  const given: Given = { args: [value] };
  const context = followingContext(runtime, run, "callback");
  const plans = sideBySide(callbacks ?? []).map((signature) => plan(context, signature, given));
  if (next !== undefined) plans.push(plan(followingContext(runtime, run, "chain"), next, { ...given, chain: chain!.slice(0, -1) }));
  return followUps(runtime, run, plans);
}

/** Error callbacks, each given the failed task's id; ours also get what went wrong. In a group, as Celery sends them. Throws as `afterSuccess`. */
export function afterFailure(runtime: AppRuntime, run: Followed, error: RemoteError): FollowUps {
  const { errbacks } = run.body.embed;
  if (errbacks === null || errbacks.length === 0) return none;
  const failure: FailureInfo = { type: error.type, message: String(error.args[0] ?? ""), traceback: error.traceback };
  const told = errbacks.map((errback) => {
    const isOurs = startsOf(errback).every(({ task }) => isKnown(runtime, task));
    return withArguments(errback, isOurs ? [run.headers.id, failure] : [run.headers.id], {});
  });
  return followUps(runtime, run, [plan(followingContext(runtime, run, "errback"), groupJson(told))]);
}

/** A signature that a run has sent with its ending. Throws as `afterSuccess`. */
export function sentAlong(runtime: AppRuntime, run: Followed, { signature, args }: Sent): FollowUps {
  return followUps(runtime, run, [plan(followingContext(runtime, run, "part"), signature, { args })]);
}

interface Sent {
  readonly signature: SignatureJson;
  /** in front of its own */
  readonly args: readonly unknown[];
}

/** Both, `first` before `then`. */
export function joinedFollowUps(first: FollowUps | null, then: FollowUps): FollowUps {
  if (first === null) return then;
  const opens = [...(first.opens ?? []), ...(then.opens ?? [])];
  return {
    ...(opens.length === 0 ? {} : { opens }),
    publish: [...first.publish, ...then.publish],
    children: [...first.children, ...then.children],
  };
}

function isKnown({ registry }: AppRuntime, task: string): boolean {
  const definition = registry.get(task);
  return definition !== undefined && definition.code.kind !== "declared";
}

/** As Celery sends callbacks: groups each by itself, two or more others as one group. */
function sideBySide(signatures: readonly SignatureJson[]): readonly SignatureJson[] {
  const others = signatures.filter((signature) => kindOf(signature) !== "group");
  if (others.length < 2) return signatures;
  return [...signatures.filter((signature) => kindOf(signature) === "group"), groupJson(others)];
}

/** Ids are derived from the run, so that one that is settled again publishes the same tasks. */
export function followingContext(runtime: AppRuntime, run: Followed, kind: FollowUpKind, replyTo: string | null = null): PlanContext {
  const { headers } = run;
  let made = 0;
  return {
    compose: runtime.composeContext(null),
    definition: (task) => runtime.registry.get(task),
    parent: { rootId: headers.rootId, parentId: headers.id, priority: run.priority },
    resultExpiresMs: resultExpiresMs(runtime.settings),
    replyTo,
    nextId: () => deriveId(headers.id, attemptNumber(headers), kind, made++),
  };
}

/** `nesting`: of the tasks that run in the place of the one that was replaced */
export function followUps(runtime: AppRuntime, run: Followed, plans: readonly Plan[], nesting = 0): FollowUps {
  const opens = plans.flatMap((each) => each.opens);
  if (opens.length > 0 && !countsChords(runtime.settings))
    throw new CeleriacError(
      "RESULT_CHORDS",
      "A chord follows, which is counted in a result backend: rpc:// and disabled results count nothing",
    );
  return {
    ...(opens.length === 0 ? {} : { opens }),
    publish: plans
      .flatMap(({ sends }) => sends)
      .map(({ message, route }) => publicationOf(runtime, { message: { ...message, nesting }, route }, run.headers.stamps)),
    children: plans.map(({ result }) => result),
  };
}

/** With the stamps of what it follows. Throws what encoding throws. */
export function publicationOf(runtime: AppRuntime, { message, route }: Composed, stamps: TaskHeaders["stamps"]): Publication {
  runtime.notePriority(message.priority);
  const envelope = encodeMessage(stampedAs(stamps, message), runtime.clock.now(), runtime.settings.maxMessageBytes);
  // What an exchange leads on is parked by the worker that finds it early: delays lead to queues.
  return { envelope, route, ...(message.etaAt === null || route.exchange !== "" ? {} : { dueAt: message.etaAt }) };
}

/** Stamps are handed on; its own of the same names stand. */
function stampedAs(stamps: TaskHeaders["stamps"], message: Message): Message {
  return stamps === null ? message : { ...message, stamps: { ...stamps, ...message.stamps } };
}
