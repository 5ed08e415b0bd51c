/** A task that had succeeded before it was delivered again: a crash between its result and what follows must neither run it twice nor lose a chain. */
import {
  type AppRuntime,
  afterSuccess,
  broadcastOf,
  chordMembersOf,
  encodeJson,
  finalSuccess,
  type Logger,
  type ResultBackend,
  readFollowed,
  reasonOf,
  sendingTasks,
} from "@celeriac/core/runtime";
import { partsOf } from "./chord-parts.ts";
import type { Request } from "./request.ts";
import type { PlannedSettlement } from "./settle.ts";

export interface SettledBeforeContext {
  readonly runtime: AppRuntime;
  readonly backend: ResultBackend | null;
  readonly logger: Logger;
}

/** The settlement from the stored result; null where there is none, and the task runs. */
export async function settledBefore(
  { runtime, backend, logger }: SettledBeforeContext,
  request: Request,
): Promise<PlannedSettlement | null> {
  // A copy of a broadcast shares its id with the others: another worker's success is not this one's.
  if (backend === null || broadcastOf(request.delivery.queue) !== null) return null;
  const { headers, run } = request;
  // What it sent is not known any more: it runs again, and sends the same.
  if (sendingTasks.has(headers.task)) return null;
  try {
    const text = await backend.get(headers.id);
    const success = text === null ? null : finalSuccess(headers.id, text);
    if (success === null) return null;
    // What follows has its id from the attempt that succeeded, which may be a later one than was delivered again.
    const followed = readFollowed(runtime, run, { ...headers, retries: success.retries, nesting: success.nesting });
    const { opens, publish } = afterSuccess(runtime, followed, success.result);
    const places = chordMembersOf(headers, followed.body.embed, true);
    const counted = places.length === 0 ? {} : partsOf({ runtime, backend }, places, "SUCCESS", encodeJson(success.result, "result"));
    return { opens, results: [], ...counted, publish, then: { kind: "acknowledge" } };
  } catch (error) {
    logger.debug("the stored result could not be read: the task runs again", { taskId: headers.id, reason: reasonOf(error) });
    return null;
  }
}
