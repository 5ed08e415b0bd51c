/** The steps behind a task that did not succeed: they will not run any more, and whoever waits for one of them is told why. */
import type { AppRuntime } from "./app-runtime.ts";
import type { Attempt } from "./attempt.ts";
import type { ResultRecord } from "./backend.ts";
import { bodyOf, headerOf, kindOf, tasksOf } from "./canvas/composite.ts";
import type { RemoteError } from "./errors.ts";
import type { Embed } from "./message.ts";
import { reprArgs, reprKwargs } from "./repr.ts";
import { failureText } from "./result-meta.ts";
import { stateRecord } from "./state-record.ts";
import type { SignatureJson } from "./step.ts";
import type { TaskHeaders } from "./task-headers.ts";

/** Plain data: it crosses from an executor to its worker. */
export interface UnrunStep extends Pick<TaskHeaders, "id" | "task" | "group" | "argsRepr" | "kwargsRepr" | "ignoreResult"> {
  readonly replyTo: string | null;
}

const none: readonly UnrunStep[] = Object.freeze([]);

/** What is left of a task's chain. */
export function unrunBehind({ chain }: Embed): readonly UnrunStep[] {
  return chain === null ? none : chain.toReversed().flatMap(unrunIn);
}

/** The tasks of a signature in the order in which they would have run, members of groups and chords among them. What has no id nobody waits for. */
export function unrunIn(signature: SignatureJson): readonly UnrunStep[] {
  switch (kindOf(signature)) {
    case null:
      return unrunTask(signature);
    case "chain":
    case "group":
      return tasksOf(signature).flatMap(unrunIn);
    case "chord":
      return [headerOf(signature), bodyOf(signature)].flatMap(unrunIn);
  }
}

function unrunTask(signature: SignatureJson): readonly UnrunStep[] {
  const { task, args, kwargs } = signature;
  const options = signature.options ?? {};
  const id = textOrNull(options["task_id"]);
  if (id === null) return none;
  const ignoreResult = options["ignore_result"];
  return [
    {
      id,
      task,
      group: textOrNull(options["group_id"]),
      argsRepr: reprArgs(args ?? []),
      kwargsRepr: reprKwargs(kwargs ?? {}),
      ignoreResult: typeof ignoreResult === "boolean" ? ignoreResult : null,
      replyTo: textOrNull(options["reply_to"]),
    },
  ];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Before any attempt of their own: should they run after all, since the one before them was sent again, what becomes of them then counts. */
const unbegun: Attempt = { retries: -1, nesting: 0 };

/** How the task before them ended, and where. */
export interface UnrunFor {
  readonly state: "FAILURE" | "REVOKED";
  readonly error: RemoteError;
  readonly queue: string;
  readonly replyTo: string | null;
  readonly hostname: string;
}

/** One for each step whose result is not ignored. */
export function unrunRecords(
  runtime: UnrunRuntime,
  steps: readonly UnrunStep[],
  { state, error, ...place }: UnrunFor,
): readonly ResultRecord[] {
  return steps
    .filter((step) => isKept(runtime, step))
    .map((step) => {
      const headers = { ...step, ...unbegun, parentId: null };
      const subject = { ...place, headers, replyTo: step.replyTo ?? place.replyTo };
      return stateRecord(runtime, subject, state, [], (facts) => failureText(facts, error));
    });
}

type UnrunRuntime = Pick<AppRuntime, "settings" | "clock" | "registry">;

function isKept({ registry, settings }: UnrunRuntime, { task, ignoreResult }: UnrunStep): boolean {
  const options = registry.get(task)?.options;
  const isIgnored = ignoreResult === true || (options?.ignoreResult ?? settings.taskIgnoreResult);
  return !isIgnored || (options?.storeErrorsEvenIfIgnored ?? settings.taskStoreErrorsEvenIfIgnored);
}
