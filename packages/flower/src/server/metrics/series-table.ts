/** What the monitor tells Prometheus: one table, from which the series themselves and `docs/reference/metrics.md` come. The first six are Flower's. */

interface SeriesRow {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly unit: string;
  readonly doc: string;
}

export const seriesTable = {
  flower_events_total: { kind: "counter", labels: ["task", "type", "worker"], unit: "events", doc: "Number of events" },
  flower_task_runtime_seconds: { kind: "histogram", labels: ["task", "worker"], unit: "seconds", doc: "Task runtime" },
  flower_task_prefetch_time_seconds: {
    kind: "gauge",
    labels: ["task", "worker"],
    unit: "seconds",
    doc: "The time the task spent waiting at the celery worker to be executed.",
  },
  flower_worker_prefetched_tasks: {
    kind: "gauge",
    labels: ["task", "worker"],
    unit: "tasks",
    doc: "Number of tasks of given type prefetched at a worker",
  },
  flower_worker_online: { kind: "gauge", labels: ["worker"], unit: "0 or 1", doc: "Worker online status" },
  flower_worker_number_of_currently_executing_tasks: {
    kind: "gauge",
    labels: ["worker"],
    unit: "tasks",
    doc: "Number of tasks currently executing at a worker",
  },
  flower_events_created: { kind: "gauge", labels: ["task", "type", "worker"], unit: "epoch seconds", doc: "Number of events" },
  flower_task_runtime_seconds_created: { kind: "gauge", labels: ["task", "worker"], unit: "epoch seconds", doc: "Task runtime" },
  flower_worker_slots: {
    kind: "gauge",
    labels: ["worker"],
    unit: "tasks",
    doc: "How many tasks a worker can run at once, as it last said.",
  },
  flower_queue_length: { kind: "gauge", labels: ["queue"], unit: "messages", doc: "Messages ready to be taken out of a queue." },
  flower_queue_oldest_age_seconds: {
    kind: "gauge",
    labels: ["queue"],
    unit: "seconds",
    doc: "How long the message next in line has waited: 0 where none waits, absent where the broker cannot tell.",
  },
  flower_queue_consumers: { kind: "gauge", labels: ["queue"], unit: "workers", doc: "Workers that said that they consume a queue." },
  flower_queue_dead_letters: { kind: "gauge", labels: ["queue"], unit: "messages", doc: "Messages among the dead letters of a queue." },
  flower_broker_connected: { kind: "gauge", labels: [], unit: "0 or 1", doc: "1 while the monitor reaches the broker." },
  flower_history_tasks: { kind: "gauge", labels: [], unit: "tasks", doc: "Tasks in the history." },
  flower_history_bytes: { kind: "gauge", labels: [], unit: "bytes", doc: "Size of the history." },
  flower_history_behind_events: { kind: "gauge", labels: [], unit: "events", doc: "Events that were heard and are not written yet." },
  flower_history_dropped_events: {
    kind: "gauge",
    labels: [],
    unit: "events",
    doc: "Events that were given up since the start because too many came; never one that ends a task.",
  },
} as const satisfies Readonly<Record<string, SeriesRow>>;

export type SeriesName = keyof typeof seriesTable;
