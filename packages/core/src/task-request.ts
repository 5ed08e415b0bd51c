/** What a task's function, and whoever listens to signals, learn of a run: made from its headers and what its delivery says. */
import type { TaskFacts, TaskRequest } from "./context.ts";
import type { Body } from "./message.ts";
import type { Run } from "./run.ts";
import { customHeaders, type TaskHeaders } from "./task-headers.ts";

export function taskRequestOf(facts: TaskFacts, { args, kwargs }: Pick<Body, "args" | "kwargs">): TaskRequest {
  return Object.freeze({ ...facts, args, kwargs });
}

/** `hostname`: the worker's node name */
export function taskFactsOf(run: Run, headers: TaskHeaders, hostname: string, isEager = false): TaskFacts {
  return {
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
    shadow: headers.shadow,
    replyTo: run.replyTo,
    softTimeLimitMs: run.softTimeLimitMs,
    timeLimitMs: run.timeLimitMs,
  };
}
