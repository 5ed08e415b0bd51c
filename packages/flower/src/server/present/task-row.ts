/** A task as our own API lists it. Pure. */
import type { TaskRow } from "../../shared/contract.ts";
import type { TaskRecord } from "../history/task-record.ts";

const longestText = 256;

export function taskRow(task: TaskRecord): TaskRow {
  return {
    ...wholeTaskRow(task),
    args: cut(task.args),
    kwargs: cut(task.kwargs),
    result: cut(task.result),
    exception: cut(task.exception),
  };
}

/** With its texts as they are kept. */
export function wholeTaskRow(task: TaskRecord): TaskRow {
  const { uuid, name, state, args, kwargs, result, exception, sent, received, started, runtime, timestamp } = task;
  const waitedSince = received ?? sent;
  return {
    uuid,
    name,
    state,
    args,
    kwargs,
    result,
    exception,
    sent,
    received,
    started,
    ended: endOf(task),
    runtime,
    wait: started === null || waitedSince === null ? null : Math.max(0, started - waitedSince),
    worker: task.worker,
    queue: task.queue,
    exchange: task.exchange,
    routingKey: task.routingKey,
    retries: task.retries,
    eta: task.eta,
    expires: task.expires,
    timestamp,
    lost: task.lostAt !== null,
  };
}

/** Only of a task that has ended: one that is tried again ended before, too. */
function endOf({ state, succeeded, failed, revoked, rejected }: TaskRecord): number | null {
  switch (state) {
    case "SUCCESS":
      return succeeded;
    case "FAILURE":
      return failed;
    case "REVOKED":
      return revoked;
    case "REJECTED":
      return rejected;
    default:
      return null;
  }
}

function cut(text: string | null): string | null {
  if (text === null || text.length <= longestText) return text;
  // Not within a sign that takes two places.
  const end = longestText - 1;
  return `${text.slice(0, /[\uD800-\uDBFF]/.test(text[end - 1]!) ? end - 1 : end)}…`;
}
