/** A task as Flower's API has it: 31 keys, in the order in which Celery's own monitor keeps them. Pure. */
import type { TaskRecord } from "../history/task-record.ts";

export type TaskObject = Readonly<Record<string, unknown>>;

/** `children`: ids of the tasks that it sent. */
export function taskObject(task: TaskRecord, children: readonly string[]): TaskObject {
  return {
    uuid: task.uuid,
    name: task.name,
    state: task.state,
    received: task.received,
    sent: task.sent,
    started: task.started,
    rejected: task.rejected,
    succeeded: task.succeeded,
    failed: task.failed,
    retried: task.retried,
    revoked: task.revoked,
    args: task.args,
    kwargs: task.kwargs,
    eta: task.eta,
    expires: task.expires,
    retries: task.retries,
    worker: task.worker,
    result: task.result,
    exception: task.exception,
    timestamp: task.timestamp,
    runtime: task.runtime,
    traceback: task.traceback,
    exchange: task.exchange,
    routing_key: task.routingKey,
    clock: task.clock,
    client: task.client,
    root: task.rootId,
    root_id: task.rootId,
    parent: task.parentId,
    parent_id: task.parentId,
    children,
  };
}

/** As lists have it: the worker comes last, and is left out where no worker has it yet. */
export function listedTask(task: TaskRecord, children: readonly string[]): TaskObject {
  const { worker, ...rest } = taskObject(task, children);
  return worker === null ? rest : { ...rest, worker };
}

/** One object keyed by id in the order that is given; of JavaScript's own objects ids such as "42" would come first. */
export function keyedJson(entries: Iterable<readonly [id: string, value: unknown]>): string {
  return `{${[...entries].map(([id, value]) => `${JSON.stringify(id)}: ${JSON.stringify(value)}`).join(", ")}}`;
}
