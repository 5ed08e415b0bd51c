/** Settings of workers: rows of the table in config.ts. Options of a worker, and flags of its command, win over them. */
import { addressSetting } from "../listen-address.ts";
import { choiceSetting, countSetting, durationSetting, flagSetting, namesSetting, type Setting, textSetting } from "../setting.ts";

/** A text lists them with commas. */
const modulesSetting = (doc: string): Setting<readonly string[]> => {
  const { kind, ...row } = namesSetting([], doc);
  return {
    ...row,
    kind: `${kind}, or a text with commas`,
    read: (value) => row.read(typeof value === "string" ? value.split(",") : value),
  };
};

export const workerSettings = {
  workerConcurrency: countSetting<number | null>(
    null,
    [0, 10_000],
    "What a worker's option `concurrency` is where it is not given: null and 0 are the number of cores, at most the container's CPU quota; 100 for async and inline.",
  ),
  workerPool: choiceSetting(
    ["prefork", "threads", "async", "solo", "inline", "gevent", "eventlet", "processes"],
    "prefork",
    "What a worker's option `pool` is where it is not given. Celery's gevent and eventlet mean async, its processes prefork.",
  ),
  workerAutoscaleKeepalive: durationSetting("30s", "How long a worker that autoscales keeps executors, or slots, that it does not need.", {
    env: "AUTOSCALE_KEEPALIVE",
  }),
  workerMaxTasksPerChild: countSetting<number | null>(
    null,
    [0, 1_000_000_000],
    "What a worker's option `maxTasksPerChild` is where it is not given; null and 0 are no limit.",
  ),
  workerMaxMemoryPerChild: countSetting<number | null>(
    null,
    [0, 1_000_000_000],
    "What a worker's option `maxMemoryPerChild` is where it is not given, in KB; null and 0 are no limit.",
  ),
  workerPrefetchMultiplier: countSetting<number | null>(
    null,
    [0, 1_000],
    "What a worker's option `prefetchMultiplier` is where it is not given; null holds as many tasks as their times call for, which is best left so.",
  ),
  workerInclude: modulesSetting(
    "Modules with tasks, as paths from the working folder, that workers load beside what the app includes; a worker's -I (--include).",
  ),
  workerDirect: flagSetting(
    false,
    "A worker also consumes a queue of its own, named <node name>.dq2: what is sent to it only that worker runs. The direct exchange C.dq2 leads there by the node's name.",
  ),
  workerDisableRateLimits: flagSetting(false, "Workers keep to no rate limit, neither of tasks nor of the app."),
  workerSendTaskEvents: flagSetting(
    false,
    "Workers tell monitors of their tasks, as events in Celery's wire; a worker's option taskEvents (-E) wins.",
  ),
  workerStateDb: textSetting(
    null,
    "A file in which a worker keeps what is revoked, so that it knows it after a restart; a worker's option statedb wins. %n is the first part of its node name, %h its host, %d its domain: each worker needs a file of its own.",
  ),
  workerRevokesMax: countSetting(
    50_000,
    [1, 10_000_000],
    "How many revoked ids, and as many revoked stamps, a worker remembers; the oldest are forgotten first.",
    { env: "CELERY_WORKER_REVOKES_MAX" },
  ),
  workerRevokeExpires: durationSetting("3h", "How long it remembers each: a task that is due later than that runs.", {
    env: "CELERY_WORKER_REVOKE_EXPIRES",
  }),
  workerHttp: addressSetting(
    "Where a worker serves /livez, /readyz, /startz and /metrics, unless its option `http` says so: HOST:PORT, :PORT for every address of the machine, PORT for 127.0.0.1. Unset: nowhere.",
    { env: "CELERIAC_WORKER_HTTP" },
  ),
} as const;
