/** A real Airflow's home and servers, private to this run: PostgreSQL with its tables, Redis, its settings. None of its processes runs until a scenario starts it. */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { lowFreePorts } from "../support/free-port.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { type PrivateProcess, startPrivateProcess, temporaryDirectory } from "../support/private-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { AirflowEnvironment } from "./environments.ts";

export interface Stage {
  readonly airflow: AirflowEnvironment;
  readonly redis: RedisServer;
  /** A folder for what scenarios write. */
  readonly folder: string;
  /** what every process of this Airflow is told */
  readonly environment: NodeJS.ProcessEnv;
  /** of its server, without a slash at the end */
  readonly serverUrl: string;
  /** Of the results that Airflow polls when they are kept in Redis. */
  readonly redisResults: string;
  sql<Row extends object>(text: string, ...values: unknown[]): Promise<readonly Row[]>;
  /** Starts one of Airflow's commands, such as ["scheduler"]; it ends with the stage at the latest. */
  start(words: readonly string[], environment?: NodeJS.ProcessEnv): PrivateProcess;
  /** Runs one of Airflow's programs to its end and gives what it wrote. Rejects when it fails. */
  run(program: string, words: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

const dags = fileURLToPath(new URL("dags", import.meta.url));
const commandLimitMs = 300_000;

export async function openStage(airflow: AirflowEnvironment): Promise<Stage> {
  const folder = temporaryDirectory(`airflow-${airflow.version}`);
  const [postgres, redis, ports] = await Promise.all([startPostgres(), startRedis(), lowFreePorts(2)]);
  const [serverPort, logPort] = ports as [number, number];
  const database = (await postgres.database("airflow")).replace("db+", "");
  const environment = environmentOf({ airflow, folder: folder.path, database, redis, serverPort, logPort });
  const pool = new pg.Pool({ connectionString: database, max: 2 });
  // Idle connections are cut when the server stops.
  pool.on("error", () => {});
  const processes: PrivateProcess[] = [];

  function start(program: string, words: readonly string[], more: NodeJS.ProcessEnv = {}): PrivateProcess {
    const env = { ...environment, ...more };
    const started = startPrivateProcess({ command: airflow.program(program), args: words, env, cwd: folder.path });
    processes.push(started);
    return started;
  }
  const stage: Stage = {
    airflow,
    redis,
    folder: folder.path,
    environment,
    serverUrl: `http://127.0.0.1:${serverPort}`,
    redisResults: databaseOf(redis, 6),
    sql: async <Row extends object>(text: string, ...values: unknown[]) => (await pool.query<Row>(text, values)).rows,
    start: (words, more) => start("airflow", words, more),
    async run(program, words) {
      const command = start(program, words);
      const impatience = setTimeout(() => void command.stop({ signal: "SIGKILL" }), commandLimitMs);
      const end = await command.ended;
      clearTimeout(impatience);
      if (end !== 0) throw new Error(`${program} ${words.join(" ")} ended with ${end}:\n${command.output()}`);
      return command.output();
    },
    async close() {
      await Promise.all(processes.map((one) => one.stop({ graceMs: 2_000 })));
      await pool.end();
      await Promise.all([postgres.stop(), redis.stop()]);
      folder.remove();
    },
  };
  try {
    await prepare(stage);
    return stage;
  } catch (error) {
    await stage.close();
    throw error;
  }
}

async function prepare(stage: Stage): Promise<void> {
  const home = stage.environment["AIRFLOW_HOME"]!;
  mkdirSync(home, { recursive: true });
  // Airflow 2: whoever asks its server may do all, as with the simple manager of Airflow 3.
  if (stage.airflow.major === 2) writeFileSync(join(home, "webserver_config.py"), 'AUTH_ROLE_PUBLIC = "Admin"\n');
  await stage.run("airflow", ["db", "migrate"]);
}

interface Place {
  readonly airflow: AirflowEnvironment;
  readonly folder: string;
  readonly database: string;
  readonly redis: RedisServer;
  readonly serverPort: number;
  readonly logPort: number;
}

function environmentOf({ airflow, folder, database, redis, serverPort, logPort }: Place): NodeJS.ProcessEnv {
  const driver = database.replace("postgresql://", "postgresql+psycopg2://");
  return {
    PATH: `${airflow.programs}:${process.env["PATH"]}`,
    HOME: folder,
    LANG: "C.UTF-8",
    TZ: "UTC",
    AIRFLOW_HOME: join(folder, "home"),
    AIRFLOW__CORE__EXECUTOR: "CeleryExecutor",
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__DAGS_FOLDER: dags,
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION: "False",
    AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE: "False",
    AIRFLOW__CORE__FERNET_KEY: `${randomBytes(32).toString("base64url")}=`,
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: driver,
    AIRFLOW__CELERY__BROKER_URL: databaseOf(redis, 5),
    AIRFLOW__CELERY__RESULT_BACKEND: `db+${driver}`,
    AIRFLOW__CELERY__SYNC_PARALLELISM: "1",
    AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC: "1",
    // A scheduler that was killed is found dead before the task ends that it left.
    AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD: "20",
    AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL: "5",
    AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT: String(logPort),
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: "False",
    PYTHONDONTWRITEBYTECODE: "1",
    ...(airflow.major === 2 ? settingsOf2(serverPort) : settingsOf3(serverPort)),
  };
}

function settingsOf2(port: number): NodeJS.ProcessEnv {
  return {
    AIRFLOW__WEBSERVER__SECRET_KEY: randomBytes(32).toString("hex"),
    AIRFLOW__WEBSERVER__WEB_SERVER_HOST: "127.0.0.1",
    AIRFLOW__WEBSERVER__WEB_SERVER_PORT: String(port),
    AIRFLOW__WEBSERVER__WORKERS: "1",
    AIRFLOW__API__AUTH_BACKENDS: "airflow.api.auth.backend.default",
    AIRFLOW__SCHEDULER__PARSING_PROCESSES: "1",
    AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL: "3600",
  };
}

function settingsOf3(port: number): NodeJS.ProcessEnv {
  return {
    AIRFLOW__API__SECRET_KEY: randomBytes(32).toString("hex"),
    AIRFLOW__API__HOST: "127.0.0.1",
    AIRFLOW__API__PORT: String(port),
    AIRFLOW__API__BASE_URL: `http://127.0.0.1:${port}`,
    AIRFLOW__API__WORKERS: "1",
    AIRFLOW__API_AUTH__JWT_SECRET: randomBytes(32).toString("hex"),
    // Short, so that a task outlives its token within a minute.
    AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME: "60",
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${port}/execution/`,
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS: "True",
    AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES: "1",
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "3600",
  };
}

function databaseOf(redis: RedisServer, number: number): string {
  return redis.url.replace(/\/0$/, `/${number}`);
}
