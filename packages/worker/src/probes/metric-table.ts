/** What /metrics tells: one table, from which the metrics themselves and `docs/reference/metrics.md` come. */

interface MetricRow {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly unit: string;
  readonly doc: string;
}

export const metricTable = {
  celeriac_worker_info: {
    kind: "gauge",
    labels: ["worker", "version", "pool"],
    unit: "1",
    doc: "Always 1: the worker's node name, version and pool, to join with the others.",
  },
  celeriac_ready: { kind: "gauge", labels: [], unit: "0 or 1", doc: "1 where /readyz answers 200." },
  celeriac_broker_connected: {
    kind: "gauge",
    labels: [],
    unit: "0 or 1",
    doc: "1 while the connection that takes tasks stands.",
  },
  celeriac_tasks_total: {
    kind: "counter",
    labels: ["task", "state"],
    unit: "tasks",
    doc: "What became of tasks: received, started, succeeded, failed, retried, rejected, revoked, parked, lost or dead-lettered, told as the log tells it.",
  },
  celeriac_redeliveries_total: {
    kind: "counter",
    labels: ["task"],
    unit: "tasks",
    doc: "Received tasks that a worker, this or another, had held before.",
  },
  celeriac_task_wait_seconds: {
    kind: "histogram",
    labels: ["task"],
    unit: "seconds",
    doc: "From the receipt of a task by this worker to its beginning.",
  },
  celeriac_task_run_seconds: {
    kind: "histogram",
    labels: ["task"],
    unit: "seconds",
    doc: "From the beginning of a run to its settlement, however it ended.",
  },
  celeriac_executors: { kind: "gauge", labels: [], unit: "executors", doc: "Child processes or threads that run tasks." },
  celeriac_capacity: { kind: "gauge", labels: [], unit: "tasks", doc: "Tasks that can run at once." },
  celeriac_running: { kind: "gauge", labels: [], unit: "tasks", doc: "Tasks that run now." },
  celeriac_held: { kind: "gauge", labels: [], unit: "tasks", doc: "Tasks that executors hold and have not begun." },
  celeriac_saturation_ratio: {
    kind: "gauge",
    labels: [],
    unit: "0 to 1",
    doc: "Running by capacity: near 1 for long, more workers are needed.",
  },
  celeriac_queue_messages: {
    kind: "gauge",
    labels: ["queue"],
    unit: "messages",
    doc: "Ready in the queue, of all workers: neither delayed nor claimed.",
  },
  celeriac_queue_oldest_seconds: {
    kind: "gauge",
    labels: ["queue"],
    unit: "seconds",
    doc: "How long the message next in line has waited, where the broker can tell: 0 for an empty queue; absent on RabbitMQ, and on Redis for messages without a timestamp.",
  },
  celeriac_queue_dead_letters: { kind: "gauge", labels: ["queue"], unit: "messages", doc: "In the queue's dead letters." },
  celeriac_queue_errors_total: {
    kind: "counter",
    labels: [],
    unit: "questions",
    doc: "How often the broker could not tell of its queues; the three above are absent then. The log has the reason.",
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof metricTable;
