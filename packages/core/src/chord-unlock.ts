/**
 * Celery's task `celery.chord_unlock`: a sender whose own result backend counts nothing sends it beside a chord. It asks, again and again, whether all
 * members have ended; then the chord ends as one does whose last member was counted (`after-chord.ts`).
 */
import type { AppRuntime } from "./app-runtime.ts";
import type { ResultBackend } from "./backend.ts";
import { readSignature } from "./canvas/read-signature.ts";
import type { CountedPart } from "./chord.ts";
import { type MemberState, memberStateOf } from "./chord-member.ts";
import type { TaskContext } from "./context.ts";
import type { Duration } from "./duration.ts";
import { CeleriacError, type RemoteError } from "./errors.ts";
import { celeryErrors, exceptionJson, remoteErrorOf } from "./failure.ts";
import { isCount } from "./option-check.ts";
import { reprArgs, reprKwargs } from "./repr.ts";
import { type ResultTuple, readTuple } from "./result-meta.ts";
import type { SignatureJson } from "./step.ts";

type Kwargs = Readonly<Record<string, unknown>>;

/** A chord that is at its end: plain data, for it crosses from an executor to its worker. */
export interface UnlockedChord {
  readonly id: string;
  readonly body: SignatureJson;
  /** in the order of the header; a member that is a group is one part, whose value is a list */
  readonly parts: readonly CountedPart[];
}

/** What the task gives in place of a value. */
export class Unlocked {
  readonly chord: UnlockedChord;
  constructor(chord: UnlockedChord) {
    this.chord = chord;
  }
}

/** Throws RetrySignal while members are awaited, TASK_INPUT for what Celery does not send. */
export async function unlockChord(runtime: AppRuntime, self: TaskContext, args: readonly unknown[], kwargs: Kwargs): Promise<Unlocked> {
  const { id, body, members, interval, maxRetries } = readArguments(args, kwargs);
  const { backend } = await runtime.links();
  const failed = (error: RemoteError) => new Unlocked({ id, body, parts: [failedPart(id, error)] });
  if (backend?.chords === undefined) return failed(remoteErrorOf(unreadable(backend)));
  let cause: unknown;
  try {
    await backend.connect();
    const parts = members.map(partsIn(await statesOf(backend, members)));
    if (!parts.includes(null)) return new Unlocked({ id, body, parts: parts as readonly CountedPart[] });
  } catch (error) {
    cause = error;
  }
  // Celery fails this task alone then, and whoever waits for the body waits for ever.
  if (maxRetries !== null && self.request.retries >= maxRetries)
    return failed(celeryErrors.maxRetriesExceeded("celery.chord_unlock", self.request.id, reprArgs(args), reprKwargs(kwargs)));
  throw self.retry({ countdown: interval ?? runtime.settings.resultChordRetryInterval, cause });
}

interface Asked {
  readonly id: string;
  readonly body: SignatureJson;
  readonly members: readonly ResultTuple[];
  /** null: the app's */
  readonly interval: Duration | null;
  /** null: as often as it takes */
  readonly maxRetries: number | null;
}

/** As Celery 5 sends them: the group's id and the body, the rest by name. Throws TASK_INPUT. */
function readArguments(args: readonly unknown[], kwargs: Kwargs): Asked {
  const [id = kwargs["group_id"], callback = kwargs["callback"]] = args;
  const { interval = null, max_retries: maxRetries = null, result } = kwargs;
  const refuse = (what: string) => new CeleriacError("TASK_INPUT", `Task celery.chord_unlock: ${what}`);
  if (typeof id !== "string" || id === "") throw refuse("group_id must be the id of a group");
  const body = readSignature(callback, "callback", refuse);
  const members = Array.isArray(result) ? result.map(readTuple) : [null];
  if (members.includes(null)) throw refuse("result must be a list of result tuples: [[id, parent], members]");
  if (interval !== null && !(typeof interval === "number" && interval >= 0)) throw refuse("interval must be seconds");
  if (maxRetries !== null && !isCount(maxRetries)) throw refuse("max_retries must be a number of 0 or more");
  return { id, body, members: members as readonly ResultTuple[], interval, maxRetries: maxRetries as number | null };
}

/** The body of the chord that a task unlocks; null: it is another task. */
export function bodyToUnlock(task: string, args: readonly unknown[]): SignatureJson | null {
  return task === "celery.chord_unlock" ? (args[1] as SignatureJson) : null;
}

type States = ReadonlyMap<string, MemberState>;

async function statesOf(backend: ResultBackend, members: readonly ResultTuple[]): Promise<States> {
  const ids = [...new Set(members.flatMap(tasksIn))];
  const texts = await backend.getMany(ids);
  return new Map(ids.map((id, index) => [id, memberStateOf(id, texts[index] ?? null)]));
}

function tasksIn([[id], members]: ResultTuple): readonly string[] {
  return members === null ? [id] : members.flatMap(tasksIn);
}

/** null: it is awaited. A group in which a member failed has failed as that one has. */
function partsIn(states: States): (member: ResultTuple) => CountedPart | null {
  return function partOf([[taskId], members]) {
    if (members === null) {
      const state = states.get(taskId) ?? "unknown";
      return typeof state === "string" ? null : { taskId, ...state };
    }
    const parts = members.map(partOf);
    if (parts.includes(null)) return null;
    const ended = parts as readonly CountedPart[];
    const value = `[${ended.map((part) => part.value).join(",")}]`;
    return ended.find(({ state }) => state !== "SUCCESS") ?? { taskId, state: "SUCCESS", value };
  };
}

function failedPart(taskId: string, error: RemoteError): CountedPart {
  return { taskId, state: "FAILURE", value: JSON.stringify(exceptionJson(error)) };
}

function unreadable(backend: ResultBackend | null): CeleriacError {
  const where = backend === null ? "results are disabled" : "rpc:// sends results to their caller and keeps none";
  return new CeleriacError(
    "RESULT_CHORDS",
    `celery.chord_unlock reads the results of a chord's members, and ${where}: name another backend`,
  );
}
