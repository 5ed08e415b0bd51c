/** What a worker tells about tasks and itself: one table of event types and their fields, under Celery's names. Log lines and counters come from it. */

/** type → fields beside uuid/hostname/timestamp, and when it is told. */
export const eventTable = {
  "task-received": [["name", "queue", "retries"], "A delivery was decoded and accepted."],
  "task-started": [["pid"], "The task's function began."],
  "task-succeeded": [["runtime"], "It returned, and the outcome is settled."],
  "task-failed": [
    ["exception", "traceback", "runtime"],
    "It failed for good, and the outcome is settled. Errors that the task lists in `throws` come without traceback.",
  ],
  "task-retried": [["exception", "retries"], "It will run again; the next attempt is published."],
  "task-rejected": [["requeue", "reason"], "It was put back into its queue."],
  "task-revoked": [["reason", "expired"], "It was not run, or not to its end: expired, revoked, aborted or terminated."],
  "task-parked": [["dueAt"], "It came before its time and waits in the broker."],
  "task-deferred": [["reason", "afterMs"], "It is due and waits in the broker: its task is over its rate, or paused."],
  "task-lost": [["reason"], "Its claim was no longer ours: the outcome was dropped, another worker has it."],
  "task-dead-lettered": [["reason", "queue"], "Its message was put into the dead-letter queue."],
  "worker-online": [["queues", "pool", "concurrency"], "The worker is ready."],
  "worker-offline": [[], "The worker has stopped."],
} as const satisfies Record<string, readonly [fields: readonly string[], told: string]>;

export type EventType = keyof typeof eventTable;
export type TaskEventType = Extract<EventType, `task-${string}`>;
/** The fields of an event of type `T`. */
export type EventFields<T extends EventType> = Readonly<Record<(typeof eventTable)[T][0][number], unknown>>;
