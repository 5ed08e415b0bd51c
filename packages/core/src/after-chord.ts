/** What follows a chord whose members have all ended: its body, given their results; or, where one has failed, the body's failure and its error callbacks. */
import type { AppRuntime } from "./app-runtime.ts";
import type { ChordEnd } from "./broker.ts";
import { bodyOf, kindOf, linksOf, tasksOf } from "./canvas/composite.ts";
import { plan } from "./canvas/plan.ts";
import type { ChordPart, ChordStart, CountedPart } from "./chord.ts";
import { type ChordMember, chordPartOf, unreachedMembers } from "./chord-member.ts";
import type { Parentage } from "./compose.ts";
import { resultExpiresMs } from "./config.ts";
import { deriveId } from "./derived-id.ts";
import { type RemoteError, reasonOf } from "./errors.ts";
import { celeryErrors, exceptionJson, readException, remoteErrorOf } from "./failure.ts";
import { afterFailure, type Followed, type FollowUps, publicationOf } from "./follow-up.ts";
import type { Embed } from "./message.ts";
import { reprException } from "./repr.ts";
import { failureText } from "./result-meta.ts";
import { readJson } from "./serializers/json.ts";
import { stateRecord } from "./state-record.ts";
import type { SignatureJson } from "./step.ts";
import type { TaskHeaders } from "./task-headers.ts";
import { unrunIn, unrunRecords } from "./unrun.ts";

/** A chord that is complete. */
export interface EndedChord {
  readonly id: string;
  readonly body: SignatureJson;
  /** in order of their indexes */
  readonly parts: readonly CountedPart[];
  /** the member that ended last */
  readonly parent: Parentage;
  /** of that member: handed on to the body */
  readonly stamps?: TaskHeaders["stamps"] | undefined;
  /** where it is closed */
  readonly hostname: string;
}

export interface AfterChord extends ChordEnd {
  /** chords that its body begins with: opened before anything is sent */
  readonly opens: readonly ChordStart[];
  /** where the body, which will not run, was itself to be counted */
  readonly outer: readonly { readonly member: ChordMember; readonly part: ChordPart }[];
}

/** Never throws: a body that cannot be sent has failed. */
export function afterChord(runtime: AppRuntime, chord: EndedChord): AfterChord {
  const { parts } = chord;
  const failed = parts.find(({ state }) => state !== "SUCCESS");
  if (failed !== undefined) return failedBody(runtime, chord, dependencyError(failed));
  try {
    return sentBody(runtime, chord);
  } catch (error) {
    return afterBrokenChord(runtime, chord, error);
  }
}

/** What follows where the body cannot be sent. Never throws. */
export function afterBrokenChord(runtime: AppRuntime, chord: EndedChord, thrown: unknown): AfterChord {
  return failedBody(runtime, chord, remoteErrorOf(thrown));
}

function sentBody(runtime: AppRuntime, { id, body, parts, parent, stamps = null }: EndedChord): AfterChord {
  let made = 0;
  const context = {
    compose: runtime.composeContext(null),
    replyTo: null,
    definition: (task: string) => runtime.registry.get(task),
    parent,
    resultExpiresMs: resultExpiresMs(runtime.settings),
    // Bodies come frozen; what has no id gets one that a repeated closing gives it again.
    nextId: () => deriveId(id, 0, "chord", made++),
  };
  const { opens, sends } = plan(context, body, { args: [valuesOf(parts)] });
  // Where closing and publishing are two steps it may be sent again, and is the same message.
  const publish = sends.map((send) => ({ ...publicationOf(runtime, send, stamps), guarded: true }));
  return { opens, results: [], publish, outer: [] };
}

function valuesOf(parts: readonly CountedPart[]): unknown {
  const { value, meant } = readJson(`[${parts.map((part) => part.value).join(",")}]`);
  return meant === null ? value : meant(value);
}

/** What makes the body FAILURE, in Celery's words. */
function dependencyError({ taskId, value }: CountedPart): RemoteError {
  return celeryErrors.chord(`Dependency ${taskId} raised ${reprException(readException(readJson(value).value, null))}`);
}

function failedBody(
  runtime: AppRuntime,
  { id: chordId, body, parent, stamps = null, hostname }: EndedChord,
  error: RemoteError,
): AfterChord {
  const told = firstToFail(body).map((task, index) => {
    const unrun = unrunAs(task, deriveId(chordId, 0, "chord", index), parent, stamps);
    return { unrun, after: errorCallbacks(runtime, unrun, error) };
  });
  const own = told.map(({ unrun: { headers, replyTo }, after: { children } }) =>
    stateRecord(runtime, { headers, queue: "", replyTo, hostname }, "FAILURE", children, (facts) => failureText(facts, error)),
  );
  const ids = new Set(own.map(({ taskId }) => taskId));
  const others = [body, ...restOf(body)].flatMap(unrunIn).filter(({ id }) => !ids.has(id));
  const replyTo = told[0]?.unrun.replyTo ?? null;
  const value = JSON.stringify(exceptionJson(error));
  return {
    opens: told.flatMap(({ after }) => after.opens ?? []),
    results: [...own, ...unrunRecords(runtime, others, { state: "FAILURE", error, queue: "", replyTo, hostname })],
    publish: told.flatMap(({ after }) => after.publish),
    outer: unreachedMembers({ chain: [body, ...restOf(body)] }).map((member) => ({
      member,
      part: chordPartOf(runtime.settings, member, "FAILURE", value),
    })),
  };
}

/** The tasks whose error callbacks hear of a body that cannot run: the first step of a chain, each member of a group, and of a chord, which fails with its header, what its body begins with. */
function firstToFail(body: SignatureJson): readonly SignatureJson[] {
  switch (kindOf(body)) {
    case null:
      return [body];
    case "chain":
      return tasksOf(body).slice(0, 1).flatMap(firstToFail);
    case "group":
      return tasksOf(body).flatMap(firstToFail);
    case "chord":
      return firstToFail(bodyOf(body));
  }
}

/** As if it had run and failed. `unnamed`: its id where it has none. */
function unrunAs(task: SignatureJson, unnamed: string, { rootId, parentId, priority }: Parentage, stamps: TaskHeaders["stamps"]): Followed {
  const options = task.options ?? {};
  const { task_id: id, group_id: group, group_index: index, reply_to: replyTo } = options;
  const errbacks = linksOf(options, "link_error");
  const headers: TaskHeaders = {
    id: typeof id === "string" ? id : unnamed,
    task: task.task,
    group: typeof group === "string" ? group : null,
    groupIndex: typeof index === "number" ? index : null,
    ...{ rootId, parentId },
    ...{ shadow: null, etaAt: null, expiresAt: null, retries: 0, nesting: 0, timeLimit: null, softTimeLimit: null },
    ...{ argsRepr: "", kwargsRepr: "", origin: "", ignoreResult: null, stamps },
  };
  const embed: Embed = { callbacks: null, errbacks: errbacks.length === 0 ? null : errbacks, chain: null, chord: null };
  return {
    headers,
    rawHeaders: {},
    body: { args: [], kwargs: {}, embed },
    ...{ rawBody: new Uint8Array(), contentType: "", queue: "", priority, replyTo: typeof replyTo === "string" ? replyTo : null },
  };
}

/** The chain that its message would have carried, in the order of its steps. */
function restOf({ options }: SignatureJson): readonly SignatureJson[] {
  const chain = options?.["chain"];
  return Array.isArray(chain) ? (chain as readonly SignatureJson[]).toReversed() : [];
}

/** The failure is stored, whatever becomes of them. */
function errorCallbacks(runtime: AppRuntime, unrun: Followed, error: RemoteError): FollowUps {
  try {
    return afterFailure(runtime, unrun, error);
  } catch (unsent) {
    runtime.logger.error("the error callbacks of a chord cannot be sent", { taskId: unrun.headers.id, reason: reasonOf(unsent) });
    return { publish: [], children: [] };
  }
}
