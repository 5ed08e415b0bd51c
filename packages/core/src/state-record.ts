/** A state of a task, as it is stored: who writes one says what it is, and this says the rest. */
import type { AppRuntime } from "./app-runtime.ts";
import { attemptNumber } from "./attempt.ts";
import type { ResultRecord } from "./backend.ts";
import { resultExpiresMs } from "./config.ts";
import type { KeptArguments } from "./kept-arguments.ts";
import { resultContent } from "./result-form.ts";
import type { ResultFacts } from "./result-meta.ts";
import { isFinal } from "./states.ts";
import type { TaskHeaders } from "./task-headers.ts";

export interface StateSubject {
  readonly headers: Pick<TaskHeaders, "id" | "task" | "group" | "parentId" | "retries" | "nesting" | "argsRepr" | "kwargsRepr">;
  readonly queue: string;
  readonly replyTo: string | null;
  /** where it runs */
  readonly hostname: string;
  /** Looks into its message, where that is at hand; else its arguments are kept as text. */
  readonly arguments?: () => KeptArguments;
}

/** `text` writes the state from what is known of it. */
export function stateRecord(
  { settings, clock }: Pick<AppRuntime, "settings" | "clock">,
  { headers, queue, replyTo, hostname, arguments: kept }: StateSubject,
  state: string,
  children: readonly unknown[],
  text: (facts: ResultFacts) => string,
): ResultRecord {
  const attempt = attemptNumber(headers);
  const asText = { args: headers.argsRepr, kwargs: headers.kwargsRepr };
  // Progress may be told often, and is followed by an end.
  const shown = () => (isFinal(state) ? kept?.() : undefined) ?? asText;
  const facts: ResultFacts = {
    taskId: headers.id,
    state,
    attempt,
    children,
    nowMs: clock.now(),
    groupId: headers.group,
    parentId: headers.parentId,
    extended: settings.resultExtended ? { name: headers.task, ...shown(), worker: hostname, queue } : null,
  };
  const written = text(facts);
  return {
    taskId: headers.id,
    state,
    attempt,
    text: written,
    content: resultContent(written, settings.resultSerializer),
    expiresMs: resultExpiresMs(settings),
    replyTo,
  };
}
