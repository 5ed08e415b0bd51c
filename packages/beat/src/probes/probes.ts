/** What an operator sees of a beat over HTTP: /livez, /readyz and /metrics. Loaded only where an address was given. */
import { answerJson, type HttpServer, type ListenAddress, openHttpServer } from "@celeriac/core/runtime";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { BeatStats } from "../stats.ts";
import { type BeatMetricName, beatMetricTable } from "./metric-table.ts";

/** A leader that has sent nothing for so long though something is due is not alive. */
const longestLagMs = 60_000;

export interface Watched {
  stats(): BeatStats;
  /** the store was asked once, and the beat leads or follows */
  started(): boolean;
}

/** Throws WORKER_HTTP when nothing can listen there. */
export async function openProbes(address: ListenAddress, watched: Watched): Promise<HttpServer> {
  const registry = createMetrics(() => watched.stats());
  return await openHttpServer("beat", address, {
    "/livez": () => {
      const { leads, lagMs } = watched.stats();
      const live = lagMs <= longestLagMs;
      return answerJson(live ? 200 : 503, { live, leads, lagMs });
    },
    "/readyz": () => {
      const { leads, loss } = watched.stats();
      const ready = watched.started() && loss === null;
      return answerJson(ready ? 200 : 503, { ready, leads, ...(loss === null ? {} : { reason: loss }) });
    },
    "/metrics": async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
  });
}

function createMetrics(stats: () => BeatStats): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const figures: Readonly<Record<BeatMetricName, (given: BeatStats) => number>> = {
    celeriac_beat_leader: ({ leads }) => (leads ? 1 : 0),
    celeriac_beat_store_up: ({ loss }) => (loss === null ? 1 : 0),
    celeriac_beat_entries: ({ leads, entries }) => (leads ? entries : 0),
    celeriac_beat_sent_total: ({ sent }) => sent,
    celeriac_beat_refused_total: ({ refused }) => refused,
    celeriac_beat_skipped_total: ({ passed }) => passed,
    celeriac_beat_last_sent_timestamp_seconds: ({ lastSentAt }) => (lastSentAt ?? 0) / 1_000,
    celeriac_beat_lateness_seconds: ({ lastLateMs }) => (lastLateMs ?? 0) / 1_000,
    celeriac_beat_lag_seconds: ({ lagMs }) => lagMs / 1_000,
  };
  for (const [name, figure] of Object.entries(figures)) {
    const { kind, doc: help } = beatMetricTable[name as BeatMetricName];
    if (kind === "gauge")
      new Gauge({
        ...{ name, help, registers: [registry] },
        collect() {
          this.set(figure(stats()));
        },
      });
    else
      new Counter({
        ...{ name, help, registers: [registry] },
        collect() {
          this.reset();
          this.inc(figure(stats()));
        },
      });
  }
  return registry;
}
