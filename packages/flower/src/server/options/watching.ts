/** What the monitor asks of workers and brokers, and what it tells Prometheus: rows of the table of options. */
import { countSetting } from "@celeriac/core/runtime";
import { bounds, textOrNone, yesOrNo } from "../option-kinds.ts";

/** Those of Python's client library for Prometheus, which dashboards know. */
export const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

export const watchingOptions = {
  enableEvents: yesOrNo(true, "Every 5 s tell all workers to tell their task events, so that none has to be started with -E."),
  inspectTimeout: countSetting(1_000, [1, 600_000], "How long answers of workers are waited for, ms."),
  brokerApi: textOrNone(
    "Management API of RabbitMQ, such as http://guest:guest@localhost:15672/api/: what it says of queues is told as it is. Its TLS certificate is checked.",
    { secret: true },
  ),
  purgeOfflineWorkers: countSetting(
    null,
    [0, 1_000_000_000],
    "Workers that have been gone for so many seconds are shown no longer, nor in the metrics.",
  ),
  taskRuntimeMetricBuckets: bounds(defaultBuckets, "Upper bounds, in seconds, of the buckets of flower_task_runtime_seconds."),
} as const;
