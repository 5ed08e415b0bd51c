/** The metrics of a beat: one table, from which the metrics themselves and `docs/reference/metrics.md` come. */

interface MetricRow {
  readonly kind: "counter" | "gauge";
  readonly labels: readonly string[];
  readonly unit: string;
  readonly doc: string;
}

export const beatMetricTable = {
  celeriac_beat_leader: { kind: "gauge", labels: [], unit: "0 or 1", doc: "1 while this beat leads. Summed over all beats it is 1." },
  celeriac_beat_store_up: { kind: "gauge", labels: [], unit: "0 or 1", doc: "1 where the schedule store could be used the last time." },
  celeriac_beat_entries: { kind: "gauge", labels: [], unit: "entries", doc: "Entries of the schedule; 0 where it does not lead." },
  celeriac_beat_sent_total: { kind: "counter", labels: [], unit: "tasks", doc: "Due times whose task it sent." },
  celeriac_beat_refused_total: { kind: "counter", labels: [], unit: "tasks", doc: "Due times whose task no broker would ever take." },
  celeriac_beat_skipped_total: {
    kind: "counter",
    labels: [],
    unit: "due times",
    doc: "Due times that were left out: older than their deadline, or while the task before had not ended.",
  },
  celeriac_beat_last_sent_timestamp_seconds: { kind: "gauge", labels: [], unit: "epoch s", doc: "When it last sent one; 0 before that." },
  celeriac_beat_lateness_seconds: {
    kind: "gauge",
    labels: [],
    unit: "seconds",
    doc: "From the due time of that one until the broker had it.",
  },
  celeriac_beat_lag_seconds: {
    kind: "gauge",
    labels: [],
    unit: "seconds",
    doc: "How long the next due time of a leader is overdue; 0 where none is. Above some seconds it is not keeping up.",
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type BeatMetricName = keyof typeof beatMetricTable;
