/**
 * Events as Celery's wire has them: what workers and producers tell monitors of either language. The types and fields are those of Celery 5;
 * texts are Python's repr where Celery writes one.
 */

interface WorkerFacts {
  /** Heartbeats come every so many seconds; a worker that is silent for twice as long is taken for gone. */
  readonly freq: number;
  /** tasks that run now */
  readonly active: number;
  /** tasks received so far */
  readonly processed: number;
  /** of the machine, over 1, 5 and 15 minutes */
  readonly loadavg: readonly number[];
  readonly sw_ident: string;
  readonly sw_ver: string;
  readonly sw_sys: string;
}

interface Of {
  /** the task's id */
  readonly uuid: string;
}

interface TaskFacts extends Of {
  readonly name: string;
  readonly args: string;
  readonly kwargs: string;
  readonly root_id: string;
  readonly parent_id: string | null;
  readonly retries: number;
  /** ISO 8601 */
  readonly eta: string | null;
  /** ISO 8601 */
  readonly expires: string | null;
}

/** type → its own fields */
export interface CeleryEvents {
  "worker-online": WorkerFacts;
  "worker-heartbeat": WorkerFacts;
  "worker-offline": WorkerFacts;
  /** told by the producer */
  "task-sent": TaskFacts & { readonly queue: string; readonly exchange: string; readonly routing_key: string };
  "task-received": TaskFacts;
  "task-started": Of;
  /** `result`: cut to 1,024 characters; `runtime`: seconds */
  "task-succeeded": Of & { readonly result: string; readonly runtime: number };
  "task-failed": Of & { readonly exception: string; readonly traceback?: string };
  "task-retried": Of & { readonly exception: string; readonly traceback?: string };
  "task-rejected": Of & { readonly requeue: boolean };
  "task-revoked": Of & { readonly terminated: boolean; readonly signum: number | string | null; readonly expired: boolean };
}

export type CeleryEventType = keyof CeleryEvents;

/** What every event has. */
export interface EventFacts {
  readonly type: string;
  /** node name of a worker, `gen<pid>@<host>` of a producer */
  readonly hostname: string;
  /** epoch seconds */
  readonly timestamp: number;
  /** hours west of UTC */
  readonly utcoffset: number;
  readonly pid: number;
  /** of the Lamport clock */
  readonly clock: number;
}

/** An event that was received: whoever wrote it may have left out or added anything. */
export type ReceivedEvent = Pick<EventFacts, "type"> & Readonly<Record<string, unknown>>;

/** What task events of one worker travel under together, as a list. */
export const groupKey = "task.multi";

export function routingKeyOf(type: string): string {
  return type.replaceAll("-", ".");
}
