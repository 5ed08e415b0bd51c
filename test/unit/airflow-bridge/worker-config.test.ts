import { describe, expect, it } from "vitest";
import { readAirflowConfig } from "../../../packages/airflow-bridge/src/airflow/config.ts";
import { workerConfigOf } from "../../../packages/airflow-bridge/src/airflow/worker-config.ts";

const database = { AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: "postgresql+psycopg2://u:p@db/af" };
const of = (environment: Readonly<Record<string, string>>) =>
  workerConfigOf(readAirflowConfig({ AIRFLOW_HOME: "/nowhere", ...environment }));

describe("what a configuration means for the worker", () => {
  it("is Airflow's own where nothing is set", () => {
    expect(of(database)).toEqual({
      app: {
        broker: "redis://redis:6379/0",
        backend: "db+postgresql+psycopg2://u:p@db/af",
        config: {
          ...{ accept_content: ["json"], task_acks_late: true, task_track_started: true, worker_prefetch_multiplier: 1 },
          ...{ task_default_queue: "default", task_default_exchange: "default", worker_concurrency: 16 },
          ...{ broker_transport_options: {}, result_backend_transport_options: {}, broker_connection_retry_on_startup: true },
          ...{ worker_enable_remote_control: true, celery_tables: true },
        },
      },
      ...{ queues: ["default"], concurrency: 16, autoscale: null, logLevel: "INFO", killAfterMs: 60_000, launcher: "fork-server" },
      logs: { folder: "/nowhere/logs", secretKeys: [], clockGraceMs: 30_000, address: ":8793" },
      unfollowed: [],
    });
  });

  it("has the broker and the results of a team, where Airflow serves several", () => {
    const variables = {
      AIRFLOW__CELERY__BROKER_URL: "redis://all/0",
      AIRFLOW__CELERY__WORKER_CONCURRENCY: "3",
      AIRFLOW__DATA___CELERY__BROKER_URL: "redis://data/0",
      AIRFLOW__DATA___CELERY__RESULT_BACKEND: "redis://data/1",
    };
    const ofTeam = (more: object) => workerConfigOf(readAirflowConfig({ AIRFLOW_HOME: "/nowhere", ...variables, ...more }), "data");
    const isSet = { AIRFLOW__CORE__MULTI_TEAM: "True" };
    expect(ofTeam(isSet)).toMatchObject({ app: { broker: "redis://data/0", backend: "redis://data/1" }, concurrency: 3 });
    expect(() => ofTeam({})).toThrow(/\[core\] multi_team/);
  });

  it("is what was set", () => {
    const given = of({
      AIRFLOW__CELERY__BROKER_URL: "sentinel://a;sentinel://b",
      AIRFLOW__CELERY__RESULT_BACKEND: "redis://results/1",
      AIRFLOW__CELERY__WORKER_AUTOSCALE: "16,12",
      AIRFLOW__CELERY__EXTRA_CELERY_CONFIG: '{"result_expires": 60}',
      AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__MASTER_NAME: "m",
      AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__SENTINEL_KWARGS: '{"password": "p"}',
      AIRFLOW__LOGGING__CELERY_LOGGING_LEVEL: "WARNING",
      AIRFLOW__OPERATORS__DEFAULT_QUEUE: "main",
      AIRFLOW__CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER: "True",
      AIRFLOW__LOGGING__BASE_LOG_FOLDER: "/logs",
      AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT: "8899",
      AIRFLOW__API__SECRET_KEY: "of 3",
      AIRFLOW__WEBSERVER__SECRET_KEY: "of 2",
      AIRFLOW__WEBSERVER__LOG_REQUEST_CLOCK_GRACE: "5",
    });
    expect(given).toMatchObject({
      launcher: "spawn",
      logs: { folder: "/logs", secretKeys: ["of 3", "of 2"], clockGraceMs: 5_000, address: ":8899" },
    });
    expect(given).toMatchObject({ queues: ["main"], autoscale: [16, 12], logLevel: "WARNING" });
    expect(given.app).toMatchObject({
      broker: "sentinel://a;sentinel://b",
      backend: "redis://results/1",
      config: {
        ...{ celery_tables: false, result_expires: 60, broker_transport_options: { master_name: "m", sentinel_kwargs: { password: "p" } } },
      },
    });
  });

  it("says what is set and does nothing", () => {
    const own = { AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS: "mine.CELERY_CONFIG", AIRFLOW__CELERY__POOL: "gevent" };
    expect(of({ ...database, ...own }).unfollowed.map(({ setting }) => setting)).toEqual([
      "[celery] celery_config_options",
      "[celery] pool",
    ]);
    const airflows = "airflow.providers.celery.executors.default_celery.DEFAULT_CELERY_CONFIG";
    const usual = { AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS: airflows, AIRFLOW__CELERY__POOL: "prefork" };
    expect(of({ ...database, ...usual }).unfollowed).toEqual([]);
  });

  it("has certificates where they are asked for", () => {
    const ssl = { AIRFLOW__CELERY__SSL_ACTIVE: "True", AIRFLOW__CELERY__SSL_CACERT: "/ca" };
    const mutual = { AIRFLOW__CELERY__SSL_KEY: "/key", AIRFLOW__CELERY__SSL_CERT: "/cert" };
    expect(of({ ...database, ...ssl, ...mutual }).app.config).toMatchObject({
      broker_use_ssl: { cert_reqs: "required", ca_certs: "/ca", keyfile: "/key", certfile: "/cert" },
    });
    expect(of({ ...database, ...ssl, AIRFLOW__CELERY__SSL_MUTUAL_TLS: "False" }).app.config).toMatchObject({
      broker_use_ssl: { cert_reqs: "required", ca_certs: "/ca" },
    });
    expect(() => of({ ...database, ...ssl })).toThrow("needs ssl_key and ssl_cert");
  });

  it("is an error where it cannot be", () => {
    expect(() => of({})).toThrow("[celery] result_backend is not set");
    expect(() => of({ ...database, AIRFLOW__CELERY__WORKER_AUTOSCALE: "12,16" })).toThrow("worker_autoscale: expected MAX,MIN");
  });
});
