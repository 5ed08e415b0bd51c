/** A state of a task, as it is stored: who writes one says what it is, and this says the rest. */
import type { AppRuntime } from "./app-runtime.ts";
import { attemptNumber } from "./attempt.ts";
import type { ResultRecord } from "./backend.ts";
import { resultExpiresMs } from "./config.ts";
import { resultContent } from "./result-form.ts";
import type { ResultFacts } from "./result-meta.ts";
import type { TaskHeaders } from "./task-headers.ts";

export interface StateSubject {
  readonly headers: Pick<TaskHeaders, "id" | "task" | "group" | "parentId" | "retries" | "nesting" | "argsRepr" | "kwargsRepr">;
  readonly queue: string;
  readonly replyTo: string | null;
  /** where it runs */
  readonly hostname: string;
}

/** `text` writes the state from what is known of it. */
export function stateRecord(
  { settings, clock }: Pick<AppRuntime, "settings" | "clock">,
  { headers, queue, replyTo, hostname }: StateSubject,
  state: string,
  children: readonly unknown[],
  text: (facts: ResultFacts) => string,
): ResultRecord {
  const attempt = attemptNumber(headers);
  const facts: ResultFacts = {
    taskId: headers.id,
    state,
    attempt,
    children,
    nowMs: clock.now(),
    groupId: headers.group,
    parentId: headers.parentId,
    extended: settings.resultExtended
      ? { name: headers.task, args: headers.argsRepr, kwargs: headers.kwargsRepr, worker: hostname, queue }
      : null,
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
