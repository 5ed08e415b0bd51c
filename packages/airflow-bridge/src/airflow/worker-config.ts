/** What Airflow's configuration means for a worker of ours: the values of its DEFAULT_CELERY_CONFIG, and those that its worker command asks for. */
import { join } from "node:path";
import type { AppOptions } from "@celeriac/core";
import { ConfigError } from "@celeriac/core/runtime";
import { type AirflowConfig, objectOf } from "./config.ts";
import type { LogServerOptions } from "./log-server.ts";

export interface AirflowWorkerConfig {
  readonly app: AppOptions<object>;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly autoscale: readonly [max: number, min: number] | null;
  readonly logLevel: string;
  /** how long after SIGTERM a task is killed, ms */
  readonly killAfterMs: number;
  /** how processes are started, unless somebody says it */
  readonly launcher: LauncherName;
  /** for openLogServer */
  readonly logs: Pick<LogServerOptions, "folder" | "secretKeys" | "clockGraceMs" | "address">;
  /** what is set and does nothing here, for the log */
  readonly unfollowed: readonly { readonly setting: string; readonly reason: string }[];
}

/** fork-server: from one process that has imported Airflow; spawn: each anew */
export type LauncherName = "fork-server" | "spawn";

/** `team`: whose broker and results they are, where Airflow serves several; what is Celery's is read from its values, all else is for all. Throws AIRFLOW_CONFIG. */
export function workerConfigOf(config: AirflowConfig, team: string | null = null): AirflowWorkerConfig {
  const celery = team === null ? config : teamConfigOf(config, team);
  const concurrency = config.whole("celery", "worker_concurrency", 16);
  return {
    app: appOptionsOf(celery, concurrency),
    queues: [defaultQueueOf(config)],
    concurrency,
    autoscale: autoscaleOf(celery.text("celery", "worker_autoscale")),
    logLevel: config.text("logging", "celery_logging_level") ?? config.text("logging", "logging_level") ?? "INFO",
    killAfterMs: config.whole("core", "killed_task_cleanup_time", 60) * 1_000,
    launcher: config.flag("core", "execute_tasks_new_python_interpreter", false) ? "spawn" : "fork-server",
    logs: {
      folder: config.text("logging", "base_log_folder") ?? join(config.home, "logs"),
      secretKeys: [config.text("api", "secret_key"), config.text("webserver", "secret_key")].filter((key) => key !== null),
      clockGraceMs: config.whole("webserver", "log_request_clock_grace", 30) * 1_000,
      // On every address of this machine.
      address: `:${config.whole("logging", "worker_log_server_port", 8793)}`,
    },
    unfollowed: unfollowedOf(celery),
  };
}

function teamConfigOf(config: AirflowConfig, team: string): AirflowConfig {
  if (config.flag("core", "multi_team", false)) return config.ofTeam(team);
  throw new ConfigError("AIRFLOW_CONFIG", `A team is given (${team}), but [core] multi_team is not True`);
}

function defaultQueueOf(config: AirflowConfig): string {
  return config.text("operators", "default_queue") ?? "default";
}

const defaultCeleryConfig = "DEFAULT_CELERY_CONFIG";

function unfollowedOf(config: AirflowConfig): AirflowWorkerConfig["unfollowed"] {
  const options = config.text("celery", "celery_config_options");
  const pool = config.text("celery", "pool");
  return [
    ...(options === null || options.endsWith(defaultCeleryConfig)
      ? []
      : [
          {
            setting: "[celery] celery_config_options",
            reason: "it names a module of Python: put what that changes into extra_celery_config",
          },
        ]),
    ...(pool === null || pool === "prefork"
      ? []
      : [{ setting: "[celery] pool", reason: "each task has a process of its own in any case" }]),
  ];
}

function appOptionsOf(config: AirflowConfig, concurrency: number): AppOptions<object> {
  const defaultQueue = defaultQueueOf(config);
  const broker = config.text("celery", "broker_url") ?? "redis://redis:6379/0";
  const backend = resultBackendOf(config);
  return {
    broker,
    backend,
    config: {
      accept_content: ["json"],
      worker_prefetch_multiplier: config.whole("celery", "worker_prefetch_multiplier", 1),
      task_acks_late: config.flag("celery", "task_acks_late", true),
      task_default_queue: defaultQueue,
      task_default_exchange: defaultQueue,
      task_track_started: config.flag("celery", "task_track_started", true),
      broker_transport_options: transportOf(config, "celery_broker_transport_options"),
      broker_connection_retry_on_startup: config.flag("celery", "broker_connection_retry_on_startup", true),
      result_backend_transport_options: transportOf(config, "celery_result_backend_transport_options"),
      worker_concurrency: concurrency,
      worker_enable_remote_control: config.flag("celery", "worker_enable_remote_control", true),
      ...sslOf(config),
      celery_tables: /^db\+postgres/i.test(backend),
      ...config.json("celery", "extra_celery_config"),
    },
  };
}

function resultBackendOf(config: AirflowConfig): string {
  const given = config.text("celery", "result_backend");
  if (given !== null) return given;
  const database = config.text("database", "sql_alchemy_conn") ?? config.text("core", "sql_alchemy_conn");
  if (database === null)
    throw new ConfigError(
      "AIRFLOW_CONFIG",
      "[celery] result_backend is not set, and [database] sql_alchemy_conn, which would stand for it, is not either",
    );
  return `db+${database}`;
}

function transportOf(config: AirflowConfig, section: string): Readonly<Record<string, unknown>> {
  const { sentinel_kwargs: sentinel, ...options } = config.section(section);
  return { ...options, ...(sentinel === undefined ? {} : { sentinel_kwargs: objectOf(sentinel, `[${section}] sentinel_kwargs`) }) };
}

function sslOf(config: AirflowConfig): { readonly broker_use_ssl?: Readonly<Record<string, unknown>> } {
  if (!config.flag("celery", "ssl_active", false)) return {};
  const certificate = { keyfile: config.text("celery", "ssl_key"), certfile: config.text("celery", "ssl_cert") };
  const isMutual = config.flag("celery", "ssl_mutual_tls", true);
  if (isMutual && (certificate.keyfile === null || certificate.certfile === null))
    throw new ConfigError("AIRFLOW_CONFIG", "[celery] ssl_active with ssl_mutual_tls needs ssl_key and ssl_cert");
  return { broker_use_ssl: { cert_reqs: "required", ca_certs: config.text("celery", "ssl_cacert"), ...(isMutual ? certificate : {}) } };
}

/** "16,12", as Celery's --autoscale: the larger one first. */
function autoscaleOf(written: string | null): AirflowWorkerConfig["autoscale"] {
  if (written === null) return null;
  const numbers = written.split(",").map((part) => Number(part.trim()));
  const [max = 0, min = 0] = numbers;
  if (numbers.length > 2 || !numbers.every(Number.isInteger) || max < 1 || min < 0 || min > max)
    throw new ConfigError("AIRFLOW_CONFIG", `[celery] worker_autoscale: expected MAX,MIN, got ${JSON.stringify(written)}`);
  return [max, min];
}
