/** The call that an entry of the schedule stands for, with the task id that its due time has. */
import { createHash } from "node:crypto";
import { type Call, createCall } from "./call.ts";
import { readSignature } from "./signature.ts";
import type { EntryDefinition } from "./stored-entry.ts";

/** The header in which a task finds the due time it was sent for, as ISO-8601 text. */
export const dueHeader = "x-celeriac-due";
/** Under this header django-celery-beat names the entry. */
const nameHeader = "periodic_task_name";

/** `dueAt`: epoch ms; null for one that was asked for out of turn. Throws what a call throws. */
export function scheduledCall({ name, call, overlap }: EntryDefinition, taskId: string | undefined, dueAt: number | null): Call {
  const { options, callbacks, errbacks } = readSignature({ ...call, subtask_type: null, immutable: true });
  const due = dueAt === null ? {} : { [dueHeader]: new Date(dueAt).toISOString() };
  const headers = { ...options.headers, [nameHeader]: name, ...due };
  // The next due time looks for the result of this one.
  const kept = overlap === "allow" ? {} : { ignoreResult: false };
  const made = createCall(call.task, call.args, {
    ...options,
    ...kept,
    kwargs: call.kwargs,
    headers,
    ...(taskId === undefined ? {} : { taskId }),
  });
  return { ...made, callbacks, errbacks };
}

/** A UUID (version 5 form) of (app, entry, due time): whoever sends it sends the same task. */
export function tickId(app: string, name: string, dueAt: number): string {
  const hex = createHash("sha1")
    .update(JSON.stringify([app, name, dueAt]))
    .digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`;
}
