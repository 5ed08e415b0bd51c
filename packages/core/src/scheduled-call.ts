/** Sends what an entry of the schedule stands for, under the task id that its due time has. */
import { createHash } from "node:crypto";
import type { CallSender } from "./call.ts";
import { kindOf, withOptions } from "./canvas/composite.ts";
import { freeze, namesIn } from "./canvas/freeze.ts";
import { everywhere } from "./canvas/reach.ts";
import { createSignature } from "./canvas/signature.ts";
import { partIds } from "./derived-id.ts";
import type { Sent } from "./result.ts";
import type { EntryDefinition } from "./stored-entry.ts";

/** Under this header django-celery-beat names the entry. */
const nameHeader = "periodic_task_name";
/** The header in which a task finds the due time it was sent for, as ISO-8601 text. Those that begin with x-celeriac- are ours, and no task's. */
const dueHeader = "periodic_task_due";

/** `dueAt`: epoch ms; null for one that was asked for out of turn. Rejects with what a call rejects with. */
export function sendScheduled(
  sender: CallSender,
  { name, call, overlap }: EntryDefinition,
  { taskId, dueAt }: { readonly taskId?: string; readonly dueAt: number | null },
): Sent<unknown> {
  const marks = { [nameHeader]: name, ...(dueAt === null ? {} : { [dueHeader]: new Date(dueAt).toISOString() }) };
  // The next due time looks for the result of this one.
  const kept = overlap === "allow" ? {} : { ignore_result: false };
  const marked = everywhere(call, (each) => {
    const headers = each.options?.["headers"] as object | undefined;
    if (kindOf(each) === null) return withOptions(each, { ...kept, headers: { ...headers, ...marks } });
    // What a composite has it gives its tasks, in place of theirs.
    return headers === undefined ? each : withOptions(each, { headers: { ...headers, ...marks } });
  });
  return createSignature<[], unknown>(sender, marked).applyAsync([], taskId === undefined ? {} : { taskId });
}

/** Ids of all tasks that were sent with that one: of a composite whose definition has changed since some are not there. */
export function idsSentAs({ call }: EntryDefinition, taskId: string): readonly string[] {
  const { signature } = freeze(withOptions(call, { task_id: taskId }), { nextId: partIds(taskId), replyTo: null });
  return [...namesIn(signature).keys()];
}

/** A UUID (version 5 form) of (app, entry, due time): whoever sends it sends the same task. */
export function tickId(app: string, name: string, dueAt: number): string {
  const hex = createHash("sha1")
    .update(JSON.stringify([app, name, dueAt]))
    .digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`;
}
