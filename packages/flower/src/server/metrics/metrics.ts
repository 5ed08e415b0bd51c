/** The series of the monitor, through prom-client: what the history tells is counted as it comes, all else is looked up when somebody scrapes. */

import type { Clock } from "@celeriac/core/runtime";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Inspection } from "../cluster/inspection.ts";
import type { QueueWatch, WatchedQueue } from "../cluster/queue-watch.ts";
import type { Ear } from "../hear.ts";
import type { Change, CountedEvent, History } from "../history/history.ts";
import { exposition } from "./exposition.ts";
import { type SeriesName, seriesTable } from "./series-table.ts";

export interface Metrics {
  count(change: Pick<Change, "counted" | "workers">): void;
  /** Takes out all series of workers that are shown no longer. */
  forget(workers: readonly string[]): void;
  text(): Promise<string>;
}

export interface MetricsOptions {
  readonly clock: Clock;
  /** upper bounds, seconds */
  readonly buckets: readonly number[];
  readonly history: Pick<History, "facts">;
  readonly inspection: Pick<Inspection, "workers">;
  readonly queues: QueueWatch;
  readonly ear: Pick<Ear, "awaySince">;
}

/** Whoever scrapes is answered by then, with what was known before. */
const patienceMs = 2_000;

/** Of the whole process, which may hold several monitors. */
let processRegistry: Registry | null = null;

export function createMetrics({ clock, buckets, history, inspection, queues, ear }: MetricsOptions): Metrics {
  const registry = new Registry();
  const row = <N extends SeriesName>(name: N) => ({
    name,
    help: seriesTable[name].doc,
    labelNames: [...seriesTable[name].labels] as string[],
    registers: [registry],
  });
  const gauge = (name: SeriesName) => new Gauge(row(name));
  const events = new Counter(row("flower_events_total"));
  const runtime = new Histogram({ ...row("flower_task_runtime_seconds"), buckets: [...buckets] });
  const prefetchTime = gauge("flower_task_prefetch_time_seconds");
  const prefetched = gauge("flower_worker_prefetched_tasks");
  const online = gauge("flower_worker_online");
  const executing = gauge("flower_worker_number_of_currently_executing_tasks");
  const eventsCreated = gauge("flower_events_created");
  const runtimeCreated = gauge("flower_task_runtime_seconds_created");
  const ofWorkers = [events, runtime, prefetchTime, prefetched, online, executing, eventsCreated, runtimeCreated];
  const looked = lookedUp(gauge);
  const born = new Set<string>();

  /** Since when a series is told, once. */
  function create(created: Gauge, labels: Readonly<Record<string, string>>): void {
    const key = `${created === eventsCreated}\n${Object.values(labels).join("\n")}`;
    if (born.has(key)) return;
    born.add(key);
    created.set(labels, clock.now() / 1_000);
  }

  function countEvent(event: CountedEvent): void {
    const { type, task, worker, count } = event;
    const labels = { task, worker };
    create(eventsCreated, { task, type, worker });
    events.inc({ task, type, worker }, count);
    if (event.runtime !== null) {
      create(runtimeCreated, labels);
      for (let at = 0; at < count; at++) runtime.observe(labels, event.runtime);
    }
    // What waits for its time was not prefetched to be run at once.
    if (event.hasEta) return;
    if (type === "task-received") prefetched.inc(labels, count);
    if (type === "task-started" && event.prefetch !== null) {
      prefetchTime.set(labels, event.prefetch);
      prefetched.dec(labels, count);
    }
    if (type === "task-succeeded" || type === "task-failed") prefetchTime.set(labels, 0);
  }

  async function look(): Promise<void> {
    const patience = new AbortController();
    const late = clock.sleep(patienceMs, patience.signal, { background: true }).then(() => queues.last);
    // A broker that is away has no queues to tell of; that it is away is a series of its own.
    const waiting = await Promise.race([queues.queues().catch(() => []), late]);
    patience.abort();
    looked.queues(waiting ?? []);
    looked.workers(inspection);
    const facts = await history.facts();
    looked.set("flower_broker_connected", ear.awaySince === null ? 1 : 0);
    looked.set("flower_history_tasks", facts.tasks);
    looked.set("flower_history_bytes", facts.bytes);
    looked.set("flower_history_behind_events", facts.behind);
    looked.set("flower_history_dropped_events", facts.dropped);
  }

  return {
    count({ counted, workers }) {
      for (const event of counted) countEvent(event);
      for (const { hostname: worker, online: isOnline, active } of workers) {
        online.set({ worker }, isOnline ? 1 : 0);
        executing.set({ worker }, active);
      }
    },
    forget(workers) {
      const gone = new Set(workers);
      for (const metric of ofWorkers) removeWorkers(metric, gone);
      for (const key of born) if (gone.has(key.slice(key.lastIndexOf("\n") + 1))) born.delete(key);
    },
    async text() {
      await look();
      processRegistry ??= processSeries();
      return exposition([...(await registry.getMetricsAsJSON()), ...(await processRegistry.getMetricsAsJSON())]);
    },
  };
}

/** Gauges that are set anew by each scrape. */
function lookedUp(gauge: (name: SeriesName) => Gauge) {
  const names = Object.keys(seriesTable) as SeriesName[];
  const isLooked = (name: SeriesName) => /^flower_(?:queue|broker|history)_|_slots$/.test(name);
  const gauges = new Map(names.filter(isLooked).map((name) => [name, gauge(name)]));
  const of = (name: SeriesName) => gauges.get(name)!;
  return {
    set: (name: SeriesName, value: number) => of(name).set(value),
    queues(all: readonly WatchedQueue[]) {
      for (const [name, each] of gauges) if (name.startsWith("flower_queue_")) each.reset();
      for (const { name: queue, length, oldestMs, consumers, dead } of all) {
        of("flower_queue_length").set({ queue }, length);
        of("flower_queue_consumers").set({ queue }, consumers);
        of("flower_queue_dead_letters").set({ queue }, dead);
        const oldest = length === 0 ? 0 : oldestMs;
        if (oldest !== null) of("flower_queue_oldest_age_seconds").set({ queue }, oldest / 1_000);
      }
    },
    workers({ workers }: Pick<Inspection, "workers">) {
      const slots = of("flower_worker_slots");
      slots.reset();
      for (const [worker, { stats }] of workers) {
        const count = slotsOf(stats);
        if (count !== null) slots.set({ worker }, count);
      }
    },
  };
}

/** How many tasks a worker of either language runs at once, out of its `stats`; null: it has not said. */
export function slotsOf(stats: unknown): number | null {
  const pool = typeof stats === "object" && stats !== null ? (stats as { readonly pool?: unknown }).pool : null;
  const most = typeof pool === "object" && pool !== null ? (pool as Readonly<Record<string, unknown>>)["max-concurrency"] : null;
  return typeof most === "number" ? most : null;
}

function removeWorkers(metric: Counter | Gauge | Histogram, gone: ReadonlySet<string>): void {
  const { hashMap } = metric as unknown as { readonly hashMap: Readonly<Record<string, { readonly labels: Record<string, string> }>> };
  for (const { labels } of Object.values(hashMap)) if (gone.has(labels["worker"]!)) metric.remove(labels);
}

function processSeries(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
