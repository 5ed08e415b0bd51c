/** What becomes of each of Celery's settings: one table. Kept ones are rows of `config.ts`; the others are taken, and a worker's log says once why they do nothing. */
import { absentSettings } from "./celery-absent.ts";
import { kept, ownProcess, unused } from "./celery-setting.ts";

const inUrl = (what: string, where: string) => `${what} is part of ${where}`;
const ownLog = "the log is JSON lines on the standard output, or what createWorker's logger makes of them";

/** Celery's name → what becomes of it. Names of Celery 5.7, and those that only its documentation has. */
export const celerySettings = {
  // General
  ...kept("accept_content", "result_accept_content"),
  ...unused("messages always carry UTC", ["enable_utc"], [true]),
  ...kept("timezone"),
  ...unused("it names modules of Python: give createApp `include`, or set workerInclude", ["imports", "include"], [[]]),
  ...unused("classes of Python cannot be loaded here", ["override_backends"], [null, {}]),

  // Tasks
  ...kept(
    "task_default_queue",
    "task_queues",
    "task_create_missing_queues",
    "task_routes",
    "task_queue_max_priority",
    "task_default_priority",
    "task_inherit_parent_priority",
    "task_serializer",
    "task_compression",
  ),
  ...kept("task_acks_on_failure", "task_acks_on_timeout", "task_acks_on_failure_or_timeout", "task_reject_on_worker_lost"),
  ...kept("task_store_errors_even_if_ignored", "task_publish_retry", "task_publish_retry_policy", "task_default_delivery_mode"),
  ...kept("task_acks_late", "task_ignore_result", "task_track_started", "task_time_limit", "task_soft_time_limit"),
  ...unused("messages are written in protocol 2", ["task_protocol"], [2]),
  ...kept("task_default_exchange", "task_default_exchange_type", "task_default_routing_key"),
  ...kept("task_default_queue_type", "task_create_missing_queue_type", "task_create_missing_queue_exchange_type"),
  ...kept("task_always_eager", "task_eager_propagates", "task_store_eager_result"),
  ...kept("task_default_rate_limit", "worker_disable_rate_limits"),
  ...unused("options are given where a task is defined", ["task_annotations"], [null, [], {}]),
  ...kept("task_send_sent_event", "worker_send_task_events"),
  ...unused("tracebacks of both languages are always kept as text", ["task_remote_tracebacks"], [false]),
  ...kept("task_allow_error_cb_on_chord_header"),

  // Broker
  ...kept("broker_url", "broker_failover_strategy", "broker_use_ssl", "broker_login_method", "broker_heartbeat"),
  ...kept("broker_connection_timeout", "broker_connection_retry", "broker_connection_retry_on_startup", "broker_connection_max_retries"),
  ...kept("broker_transport_options"),
  ...unused("one connection string serves both: name it in broker_url", ["broker_read_url", "broker_write_url"], [null]),
  ...unused(
    inUrl("it", "broker_url"),
    ["broker_transport", "broker_host", "broker_port", "broker_user", "broker_password", "broker_vhost"],
    [null, ""],
  ),
  ...unused("a silent server is taken for gone after two heartbeats", ["broker_heartbeat_checkrate"], [null, 2]),
  ...unused("a running worker opens its channels again for ever", ["broker_channel_error_retry"], [null, true]),
  ...unused(
    "a process needs no pool: all its tasks share the same connections",
    ["broker_pool_limit", "broker_pool_acquire_timeout"],
    [null],
  ),
  ...unused("the exchanges that Celery declares for delays are taken as they are", ["broker_native_delayed_delivery_queue_type"]),

  // Worker
  ...kept(
    "worker_concurrency",
    "worker_pool",
    "worker_direct",
    "worker_max_tasks_per_child",
    "worker_max_memory_per_child",
    "worker_state_db",
    "worker_prefetch_multiplier",
  ),
  ...unused(
    "how far a worker reads ahead follows from how long tasks take",
    ["worker_disable_prefetch", "worker_enable_prefetch_count_reduction"],
    [null],
  ),
  ...unused("delayed tasks wait in the broker, where they cost a worker nothing", ["worker_eta_task_limit"], [null]),
  ...unused("an executor answers when its code is loaded, however long that takes", ["worker_proc_alive_timeout"]),
  ...unused("a lost executor is noticed at once", ["worker_lost_wait"]),
  ...unused("the pool takes what it has room for", ["worker_pool_putlocks"], [true]),
  ...kept("worker_enable_remote_control"),
  ...unused("every pool can be restarted", ["worker_pool_restarts"], [null, true]),
  ...unused(
    "a lost connection costs a running task nothing unless its claim is lost with it; then its signal aborts",
    ["worker_cancel_long_running_tasks_on_connection_loss"],
    [null, true],
  ),
  ...unused(
    "every stop is soft: what does not end within the option `grace` is handed back",
    ["worker_soft_shutdown_timeout", "worker_enable_soft_shutdown_on_idle"],
    [null, true],
  ),
  ...unused("a task that was settled is not settled again", ["worker_deduplicate_successful_tasks"], [null, true]),
  ...unused("delays on RabbitMQ do not depend on the type of a queue", ["worker_detect_quorum_queues"], [true]),
  ...unused(
    "classes of Python cannot be loaded here",
    ["worker_agent", "worker_autoscaler", "worker_consumer", "worker_timer", "worker_timer_precision"],
    [null],
  ),
  ...unused(ownLog, ["worker_log_format", "worker_task_log_format", "worker_log_color", "worker_hijack_root_logger"]),
  ...unused("what a task prints is in the log, with its task", ["worker_redirect_stdouts"], [true]),
  ...unused("what a task prints on stdout is told as info, on stderr as a warning", ["worker_redirect_stdouts_level"]),
  ...unused("it is an option of celeriac worker, --logfile", ["worker_logfile"], [null]),
  ...unused("it is an option of celeriac worker, --pidfile", ["worker_pidfile"], [null]),
  ...unused(ownProcess, ["worker_uid", "worker_gid", "worker_umask", "worker_executable"], [null]),

  // Remote control and events
  ...kept("control_exchange", "control_queue_ttl", "control_queue_expires"),
  ...unused("the queues of remote control are exclusive, and end with their connection", ["control_queue_exclusive"], [null, true]),
  ...unused("the queues of remote control end with their connection", ["control_queue_durable"], [null, false]),
  ...kept("event_exchange", "event_queue_prefix", "event_serializer", "event_queue_ttl", "event_queue_expires"),
  ...unused("the queue of one who receives events is exclusive, and ends with its connection", ["event_queue_exclusive"], [null, true]),
  ...unused("the queue of one who receives events ends with its connection", ["event_queue_durable"], [null, false]),
  ...unused(ownProcess, ["events_logfile", "events_pidfile", "events_uid", "events_gid", "events_umask", "events_executable"], [null]),

  // Results
  ...kept("result_backend", "result_expires", "result_extended", "result_persistent", "result_serializer"),
  ...unused("Celery compresses no results, nor does this: give task_compression for tasks", ["result_compression"], [null]),
  ...unused("results are kept by whoever asked for them", ["result_cache_max"]),
  ...kept("result_chord_retry_interval"),
  ...unused("nobody waits for the results of a chord's members: they are there when its body is sent", ["result_chord_join_timeout"]),
  ...kept("result_backend_transport_options"),
  ...unused(
    "a result is stored when its backend answers: the worker repeats until then",
    [
      "result_backend_always_retry",
      "result_backend_max_retries",
      "result_backend_max_sleep_between_retries_ms",
      "result_backend_base_sleep_between_retries_ms",
    ],
    [null, true],
  ),
  ...unused("there are no threads to share a backend with", ["result_backend_thread_safe"], [null, false, true]),
  ...unused("results of rpc:// go straight to the reply queue", ["result_exchange", "result_exchange_type"], [null]),

  // Result backend Redis
  ...unused(inUrl("it", "result_backend"), ["redis_host", "redis_port", "redis_db", "redis_username", "redis_password"], [null]),
  ...unused("give createApp `credentials`", ["redis_backend_credential_provider"], [null]),
  ...kept("redis_backend_use_ssl"),
  ...unused("a process needs no pool: it has the same few connections always", ["redis_max_connections"], [null]),
  ...unused(
    "the driver watches its connections itself",
    [
      "redis_socket_timeout",
      "redis_socket_connect_timeout",
      "redis_retry_on_timeout",
      "redis_socket_keepalive",
      "redis_backend_health_check_interval",
      "redis_client_name",
    ],
    [null],
  ),

  ...absentSettings,
} as const;

export type CelerySettingName = keyof typeof celerySettings;

/** Names of Celery 3 that are no other name with a prefix: see `config-names.ts`. */
export const formerNames = {
  CELERY_EAGER_PROPAGATES_EXCEPTIONS: "task_eager_propagates",
  CELERY_MAX_CACHED_RESULTS: "result_cache_max",
  CELERY_MESSAGE_COMPRESSION: "task_compression",
  CELERY_RESULT_DBURI: "database_url",
  CELERY_RESULT_DB_SHORT_LIVED_SESSIONS: "database_short_lived_sessions",
  CELERY_RESULT_DB_TABLENAMES: "database_table_names",
  CELERY_RESULT_ENGINE_OPTIONS: "database_engine_options",
  CELERY_SEND_EVENTS: "worker_send_task_events",
  CELERY_SEND_TASK_SENT_EVENT: "task_send_sent_event",
  CELERY_TASK_RESULT_EXPIRES: "result_expires",
} as const satisfies Readonly<Record<string, CelerySettingName>>;
