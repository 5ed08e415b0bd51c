/** What a task's function, and whoever listens to signals, learn of a run: made from its headers and what its delivery says. */
import type { TaskRequest } from "./context.ts";
import type { Run } from "./run.ts";
import { customHeaders, type TaskHeaders } from "./task-headers.ts";

/** `hostname`: the worker's node name */
export function taskRequestOf(run: Run, headers: TaskHeaders, hostname: string, isEager = false): TaskRequest {
  return Object.freeze({
    id: headers.id,
    rootId: headers.rootId,
    parentId: headers.parentId,
    group: headers.group,
    groupIndex: headers.groupIndex,
    retries: headers.retries,
    redelivered: run.redelivered,
    deliveryCount: run.deliveries,
    eta: headers.etaAt === null ? null : new Date(headers.etaAt),
    expires: headers.expiresAt === null ? null : new Date(headers.expiresAt),
    isEager,
    origin: headers.origin,
    hostname,
    queue: run.queue,
    priority: run.priority,
    headers: customHeaders(run.headers),
    stamps: headers.stamps ?? {},
  });
}
