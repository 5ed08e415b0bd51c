/** Rows of `celery-settings.ts` for parts that are not here: Celery's other result backends, signed messages; and beat's. */
import { kept, ownProcess, unused } from "./celery-setting.ts";

const noBackend = (name: string) => `there is no ${name} result backend: name another one in result_backend`;

export const absentSettings = {
  // Result backends that are not here
  ...unused("a database is named in result_backend, as db+postgresql://user:password@host/name", ["database_url"]),
  ...unused("the database is asked without SQLAlchemy", [
    "database_engine_options",
    "database_short_lived_sessions",
    "database_engine_callback",
  ]),
  ...unused("results lie in tables of our own, and celery_taskmeta keeps its name", ["database_table_names", "database_table_schemas"]),
  ...unused("the tables are made when the database is first used", ["database_create_tables_at_setup"]),
  ...unused(noBackend("cache"), ["cache_backend", "cache_backend_options"]),
  ...unused(noBackend("MongoDB"), ["mongodb_backend_settings"]),
  ...unused(noBackend("Cassandra"), [
    "cassandra_servers",
    "cassandra_port",
    "cassandra_keyspace",
    "cassandra_table",
    "cassandra_read_consistency",
    "cassandra_write_consistency",
    "cassandra_entry_ttl",
    "cassandra_auth_provider",
    "cassandra_auth_kwargs",
    "cassandra_options",
    "cassandra_bundle_path",
    "cassandra_secure_bundle_path",
  ]),
  ...unused(noBackend("S3"), ["s3_access_key_id", "s3_secret_access_key", "s3_bucket", "s3_base_path", "s3_endpoint_url", "s3_region"]),
  ...unused(noBackend("Azure Blob Storage"), [
    "azureblockblob_container_name",
    "azureblockblob_base_path",
    "azureblockblob_retry_initial_backoff_sec",
    "azureblockblob_retry_increment_base",
    "azureblockblob_retry_max_attempts",
    "azureblockblob_connection_timeout",
    "azureblockblob_read_timeout",
  ]),
  ...unused(noBackend("Google Cloud Storage"), ["gcs_bucket", "gcs_project", "gcs_base_path", "gcs_ttl"]),
  ...unused(noBackend("Elasticsearch"), [
    "elasticsearch_retry_on_timeout",
    "elasticsearch_max_retries",
    "elasticsearch_timeout",
    "elasticsearch_save_meta_as_text",
  ]),
  ...unused(noBackend("Couchbase"), ["couchbase_backend_settings"]),
  ...unused(noBackend("ArangoDB"), ["arangodb_backend_settings"]),
  ...unused(noBackend("Cosmos DB"), [
    "cosmosdbsql_database_name",
    "cosmosdbsql_collection_name",
    "cosmosdbsql_consistency_level",
    "cosmosdbsql_max_retry_attempts",
    "cosmosdbsql_max_retry_wait_time",
  ]),

  // Signed messages
  ...unused("messages are not signed", [
    "security_key",
    "security_key_password",
    "security_certificate",
    "security_cert_store",
    "security_digest",
  ]),

  // Beat
  ...kept("beat_schedule", "beat_cron_starting_deadline"),
  ...unused("schedules are kept with the broker, or where scheduleStore says", ["beat_schedule_filename"], ["celerybeat-schedule"]),
  ...unused(
    "beat has one scheduler, whose entries may be added and changed while it runs",
    ["beat_scheduler"],
    ["celery.beat:PersistentScheduler"],
  ),
  ...unused("beat looks every second at what was changed", ["beat_max_loop_interval"], [null, 0]),
  ...unused("what was sent is written down before and after it is sent", ["beat_sync_every"], [null, 0]),
  ...unused(ownProcess, ["beat_logfile", "beat_pidfile", "beat_uid", "beat_gid", "beat_umask", "beat_executable"], [null]),
} as const;
