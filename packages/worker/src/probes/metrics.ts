/** The metrics of a worker, through prom-client: what the teller tells is counted as it comes, all else is looked up when somebody scrapes. */
import type { Clock, TaskEventType } from "@celeriac/core/runtime";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { PoolStats } from "../pool.ts";
import type { Request } from "../request.ts";
import type { Teller } from "../telling.ts";
import { type MetricName, metricTable } from "./metric-table.ts";
import type { QueueLook } from "./queue-look.ts";
import type { Readiness } from "./readiness.ts";

export interface MetricsOptions {
  readonly clock: Clock;
  readonly identity: { readonly worker: string; readonly version: string; readonly pool: string };
  readonly pool: () => PoolStats;
  readonly readiness: () => Readiness;
  readonly connected: () => boolean;
  readonly look: QueueLook;
}

export interface Metrics {
  /** The same teller, counted. */
  watch(teller: Teller): Teller;
  /** In Prometheus's text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** 5 ms to an hour: tasks are short or long. */
const buckets = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 120, 600, 3_600];
/** In place of names that no task here has: whoever sends may write anything. */
const unknownTask = "(unknown)";

/** Of the whole process, which may hold several workers: told under the names that prom-client gives them everywhere. */
let processRegistry: Registry | null = null;

export function createMetrics({ clock, identity, pool, readiness, connected, look }: MetricsOptions): Metrics {
  const registry = new Registry();
  const options = <N extends MetricName>(name: N) => ({
    name,
    help: metricTable[name].doc,
    labelNames: [...metricTable[name].labels] as string[],
    registers: [registry],
  });
  const gauge = (name: MetricName, collect: (this: Gauge) => void | Promise<void>) => new Gauge({ ...options(name), collect });

  const tasks = new Counter(options("celeriac_tasks_total"));
  const redeliveries = new Counter(options("celeriac_redeliveries_total"));
  const wait = new Histogram({ ...options("celeriac_task_wait_seconds"), buckets });
  const run = new Histogram({ ...options("celeriac_task_run_seconds"), buckets });
  gauge("celeriac_worker_info", () => {}).set(identity, 1);
  gauge("celeriac_ready", function () {
    this.set(readiness().ready ? 1 : 0);
  });
  gauge("celeriac_broker_connected", function () {
    this.set(connected() ? 1 : 0);
  });
  gaugesOfPool(gauge, pool);
  gaugesOfQueues(gauge, look);
  new Counter({
    ...options("celeriac_queue_errors_total"),
    async collect() {
      // Whoever looks finds what was asked for this scrape in it.
      await look.facts();
      this.reset();
      this.inc(look.failures);
    },
  });

  const received = new WeakMap<Request, number>();
  const started = new WeakMap<Request, number>();

  /** What is over is not timed again: a failure may be told as a dead letter, too. */
  function observe(times: WeakMap<Request, number>, histogram: Histogram, request: Request, task: string): void {
    const since = times.get(request);
    if (since === undefined) return;
    times.delete(request);
    histogram.observe({ task }, (clock.monotonic() - since) / 1_000);
  }

  function count(type: TaskEventType, request: Request): void {
    const task = request.definition?.name ?? unknownTask;
    tasks.inc({ task, state: type.slice("task-".length) });
    switch (type) {
      case "task-received":
        received.set(request, clock.monotonic());
        if (request.delivery.redelivered || request.delivery.deliveries > 0) redeliveries.inc({ task });
        return;
      case "task-started":
        observe(received, wait, request, task);
        started.set(request, clock.monotonic());
        return;
      default:
        observe(started, run, request, task);
    }
  }

  return {
    watch: (teller) => ({
      ...teller,
      task(type, request, fields) {
        teller.task(type, request, fields);
        count(type, request);
      },
    }),
    text: async () => `${await registry.metrics()}\n${await ofProcess().metrics()}`,
    contentType: registry.contentType,
  };
}

type AddGauge = (name: MetricName, collect: (this: Gauge) => void | Promise<void>) => Gauge;

function gaugesOfPool(gauge: AddGauge, pool: () => PoolStats): void {
  const running = () => pool().executors.reduce((sum, executor) => sum + executor.running.length, 0);
  const figures: Readonly<Partial<Record<MetricName, () => number>>> = {
    celeriac_executors: () => pool().executors.length,
    celeriac_capacity: () => pool().capacity,
    celeriac_running: running,
    celeriac_held: () => pool().executors.reduce((sum, { queued }) => sum + queued, 0),
    celeriac_saturation_ratio: () => (pool().capacity === 0 ? 0 : running() / pool().capacity),
  };
  for (const [name, figure] of Object.entries(figures))
    gauge(name as MetricName, function () {
      this.set(figure());
    });
}

function gaugesOfQueues(gauge: AddGauge, look: QueueLook): void {
  const figures = {
    celeriac_queue_messages: ({ length }) => length,
    celeriac_queue_oldest_seconds: ({ length, oldestMs }) => (length === 0 ? 0 : oldestMs === null ? null : oldestMs / 1_000),
    celeriac_queue_dead_letters: ({ dead }) => dead,
  } as const satisfies Partial<Record<MetricName, (facts: NonNullable<Awaited<ReturnType<QueueLook["facts"]>>>[number]) => number | null>>;
  for (const [name, figure] of Object.entries(figures))
    gauge(name as MetricName, async function () {
      const facts = (await look.facts()) ?? [];
      this.reset();
      for (const each of facts) {
        const value = figure(each);
        if (value !== null) this.set({ queue: each.name }, value);
      }
    });
}

function ofProcess(): Registry {
  if (processRegistry === null) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}
