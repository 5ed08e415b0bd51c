/** Settings of DAGs: one table, from which come types, validation and `docs/reference/dag-settings.md`. Where Airflow has one, it has Airflow's name and meaning. */
import {
  choiceSetting,
  countSetting,
  durationSetting,
  environmentSettings,
  resolveSettings,
  type SettingsOf,
  textSetting,
} from "@celeriac/core/runtime";

export const executorNames = ["sequential", "local", "celery"] as const;

export const dagSettingTable = {
  storeUrl: textSetting(
    null,
    "Where runs and the states of their tasks are kept: sqlite:// (a file of one machine) or db+postgresql://, which several schedulers may share. Unset: beside the broker's file where that is sqlite://, with -dags behind its name, else sqlite://./celeriac-dags.db.",
    { secret: true, env: "CELERIAC_DAG_STORE_URL" },
  ),
  fernetKey: textSetting(
    null,
    "Key with which passwords, extras and variables are encrypted in the store: 32 bytes in URL-safe base64, as Airflow's `[core] fernet_key`. Several, with commas between them: the first encrypts, all decrypt. Unset: nothing is encrypted.",
    { secret: true, env: "CELERIAC_DAG_FERNET_KEY" },
  ),
  executor: choiceSetting(
    executorNames,
    "local",
    "Where task instances run: sequential, one after the other in the scheduler's process; local, in child processes of its machine; celery, as tasks of the app's queues on any worker.",
    { env: "CELERIAC_DAG_EXECUTOR" },
  ),
  parallelism: countSetting(
    32,
    [1, 10_000],
    "Task instances that one scheduler has queued and running at a time. Airflow's `[core] parallelism`.",
    {
      env: "CELERIAC_DAG_PARALLELISM",
    },
  ),
  defaultPoolTaskSlotCount: countSetting(
    128,
    [1, 1_000_000],
    "Slots of `default_pool` when the store is made. Airflow's `[core] default_pool_task_slot_count`.",
    { env: "CELERIAC_DAG_DEFAULT_POOL_TASK_SLOT_COUNT" },
  ),
  maxTisPerQuery: countSetting(
    16,
    [1, 10_000],
    "Task instances that are queued in one transaction. Airflow's `[scheduler] max_tis_per_query`.",
    { env: "CELERIAC_DAG_MAX_TIS_PER_QUERY" },
  ),
  schedulerIdleSleepTime: durationSetting(
    "1s",
    "Wait between two rounds of a scheduler that found nothing to do and is told of nothing. Airflow's `[scheduler] scheduler_idle_sleep_time`.",
    { env: "CELERIAC_DAG_SCHEDULER_IDLE_SLEEP_TIME" },
  ),
  schedulerHeartbeatSec: durationSetting(
    "5s",
    "How often a scheduler says that it lives. Airflow's `[scheduler] scheduler_heartbeat_sec`.",
    { env: "CELERIAC_DAG_SCHEDULER_HEARTBEAT_SEC" },
  ),
  schedulerHealthCheckThreshold: durationSetting(
    "30s",
    "A scheduler that was silent for so long is taken for dead, and another adopts what it had queued. Airflow's `[scheduler] scheduler_health_check_threshold`.",
    { env: "CELERIAC_DAG_SCHEDULER_HEALTH_CHECK_THRESHOLD" },
  ),
  taskInstanceHeartbeatSec: durationSetting(
    "5s",
    "How often a running task instance says that it lives, and hears whether it was cleared or marked. Airflow's `[scheduler] task_instance_heartbeat_sec`.",
    { env: "CELERIAC_DAG_TASK_INSTANCE_HEARTBEAT_SEC" },
  ),
  taskInstanceHeartbeatTimeout: durationSetting(
    "30s",
    "A running task instance that was silent for so long is taken for dead: its try has failed. Airflow's `[scheduler] task_instance_heartbeat_timeout`, which is 5 minutes there.",
    { env: "CELERIAC_DAG_TASK_INSTANCE_HEARTBEAT_TIMEOUT" },
  ),
  taskQueuedTimeout: durationSetting(
    "10m",
    "A task instance that nobody began for so long is queued once more, and in the end has failed. Airflow's `[scheduler] task_queued_timeout`.",
    { env: "CELERIAC_DAG_TASK_QUEUED_TIMEOUT" },
  ),
  tablesReadInterval: durationSetting(
    "1m",
    "How often the rows that `dagsFromTables()` makes DAGs of are read again. A process that is to run what it does not know yet reads them at once.",
    { env: "CELERIAC_DAG_TABLES_READ_INTERVAL" },
  ),
  maxXcomBytes: countSetting(
    1_048_576,
    [1_024, 268_435_456],
    "Largest value, in bytes of JSON, that a task may give to others; above 49,344 bytes the log warns, as more does not fit everywhere in Airflow.",
    { env: "CELERIAC_DAG_MAX_XCOM_BYTES" },
  ),
  maxMapLength: countSetting(1_024, [1, 1_000_000], "Instances that one task may be mapped to. Airflow's `[core] max_map_length`.", {
    env: "CELERIAC_DAG_MAX_MAP_LENGTH",
  }),
} as const;

export type DagSettings = SettingsOf<typeof dagSettingTable>;

/** `given` wins over the environment. Throws CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_DURATION, CONFIG_FILE. */
export function dagSettings(given: Readonly<Record<string, unknown>> = {}): DagSettings {
  return resolveSettings(dagSettingTable, { ...environmentSettings(dagSettingTable), ...given });
}

/** Where the DAGs of an app are kept. */
export function dagStoreUrl({ storeUrl }: Pick<DagSettings, "storeUrl">, brokerUrl: string): string {
  if (storeUrl !== null) return storeUrl;
  return /^(?:db\+)?sqlite:/i.test(brokerUrl) ? `${brokerUrl}-dags` : "sqlite://./celeriac-dags.db";
}
