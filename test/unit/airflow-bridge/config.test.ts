import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { commandWords } from "../../../packages/airflow-bridge/src/airflow/command-words.ts";
import { type Environment, type RunProgram, readAirflowConfig } from "../../../packages/airflow-bridge/src/airflow/config.ts";

/** AIRFLOW_HOME with such an airflow.cfg. */
function home(cfg: string): string {
  const folder = mkdtempSync(join(tmpdir(), "celeriac-config-home-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "airflow.cfg"), cfg);
  return folder;
}

const read = (cfg: string, environment: Environment = {}, run?: RunProgram) =>
  readAirflowConfig({ AIRFLOW_HOME: home(cfg), HOME: "/home/ada", ...environment }, run);

describe("airflow.cfg", () => {
  it("is read as Python's configparser reads it", () => {
    const config = read(`
# a remark
[Celery]
Worker_Concurrency = 4
broker_url: redis://:p#a;s=s@host/0
[logging]
base_log_folder = ~/logs
log_format = [%%(asctime)s] $USER
[broken] header
long = first
  second
  # not this
  third
[database]
name = af
sql_alchemy_conn = postgresql://%(name)s@db/%(name)s
[empty]
nothing =
`);
    expect(config.whole("celery", "worker_concurrency", 16)).toBe(4);
    expect(config.text("celery", "broker_url")).toBe("redis://:p#a;s=s@host/0");
    expect(config.text("logging", "base_log_folder")).toBe("/home/ada/logs");
    expect(config.text("logging", "log_format")).toBe("[%(asctime)s] $USER");
    expect(config.text("logging", "long")).toBe("first\nsecond\nthird");
    expect(config.text("database", "sql_alchemy_conn")).toBe("postgresql://af@db/af");
    expect(config.text("empty", "nothing")).toBeNull();
    expect(config.text("no", "such")).toBeNull();
  });

  it("gives way to variables, which may name others", () => {
    const environment = { AIRFLOW__CELERY__BROKER_URL: `redis://$${"{HOST}"}:$PORT/0`, HOST: "h", PORT: "1" };
    expect(read("[celery]\nbroker_url = redis://file/0", environment).text("celery", "broker_url")).toBe("redis://h:1/0");
  });

  it("may lie elsewhere, or nowhere", () => {
    const folder = home("[core]\nparallelism = 3");
    const config = readAirflowConfig({ AIRFLOW_CONFIG: join(folder, "airflow.cfg") });
    expect(config).toMatchObject({ file: join(folder, "airflow.cfg"), home: expect.stringMatching(/\/airflow$/) });
    expect(config.whole("core", "parallelism", 32)).toBe(3);
    expect(readAirflowConfig({ AIRFLOW_HOME: join(folder, "none") }).file).toBeNull();
  });
});

describe("a secret", () => {
  it("may be printed by a command, which a variable or the file names", () => {
    const cfg = "[celery]\nresult_backend_cmd = printf %%s 'db+postgresql://a b'";
    const config = read(cfg, { AIRFLOW__CELERY__BROKER_URL_CMD: 'echo "redis://from command"', PATH: process.env["PATH"] });
    expect(config.text("celery", "broker_url")).toBe("redis://from command");
    expect(config.text("celery", "result_backend")).toBe("db+postgresql://a b");
  });

  it("of a secrets backend is asked of Airflow itself", () => {
    const asked: unknown[] = [];
    const run: RunProgram = (file, args) => {
      asked.push([file, ...args]);
      return "a warning\nredis://secret/0\n";
    };
    const config = read("", { AIRFLOW__CELERY__BROKER_URL_SECRET: "broker" }, run);
    expect(config.text("celery", "broker_url")).toBe("redis://secret/0");
    expect(config.text("celery", "broker_url")).toBe("redis://secret/0");
    expect(asked).toEqual([["airflow", "config", "get-value", "celery", "broker_url"]]);
  });

  it("is all that a command may print, as in Airflow", () => {
    const config = read("[celery]\nworker_concurrency_cmd = echo 4", { AIRFLOW__CELERY__WORKER_CONCURRENCY_CMD: "echo 5" });
    expect(config.whole("celery", "worker_concurrency", 16)).toBe(16);
  });

  it("whose command fails is an error that says which", () => {
    const config = read("", { AIRFLOW__CELERY__BROKER_URL_CMD: "/no/such/program" });
    expect(() => config.text("celery", "broker_url")).toThrow(
      expect.objectContaining({ code: "AIRFLOW_CONFIG", message: expect.stringContaining("AIRFLOW__CELERY__BROKER_URL_CMD") }),
    );
  });
});

describe("a value", () => {
  it("that cannot be read is an error that names it", () => {
    const config = read("[celery]\nworker_concurrency = many\ntask_acks_late = perhaps\nextra_celery_config = [1]");
    expect(() => config.whole("celery", "worker_concurrency", 16)).toThrow("[celery] worker_concurrency: expected a whole number");
    expect(() => config.flag("celery", "task_acks_late", true)).toThrow("[celery] task_acks_late: expected True or False");
    expect(() => config.json("celery", "extra_celery_config")).toThrow("[celery] extra_celery_config: expected an object");
  });

  it("that is true or false may be written in Python's ways", () => {
    const config = read("[x]\na = True # on\nb = f\nc = 1");
    expect(["a", "b", "c", "d"].map((key) => config.flag("x", key, true))).toEqual([true, false, true, true]);
  });

  it("of a section comes from the file and from variables", () => {
    const cfg = "[celery_broker_transport_options]\nvisibility_timeout = 60\nsentinel_kwargs_cmd = echo {}";
    const environment = { AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__MASTER_NAME: "m", PATH: process.env["PATH"] };
    expect(read(cfg, environment).section("celery_broker_transport_options")).toEqual({
      ...{ visibility_timeout: "60", master_name: "m", sentinel_kwargs: "{}" },
    });
  });
});

it("cuts commands as a shell does", () => {
  expect(commandWords(`cat 'a b' "c\\"d"e f\\ g  ""`)).toEqual(["cat", "a b", 'c"de', "f g", ""]);
  expect(commandWords("  ")).toEqual([]);
});

describe("what is set for a team", () => {
  const cfg = `
[celery]
broker_url = redis://all/0
[data=celery]
worker_concurrency = 2
broker_url_cmd = echo not asked
[data=celery_broker_transport_options]
master_name = m
`;
  const environment = { AIRFLOW__CELERY__RESULT_BACKEND: "redis://all/1", AIRFLOW__DATA___CELERY__RESULT_BACKEND: "redis://data/1" };

  it("is read from variables and sections of its name, and nothing from those that are for all", () => {
    const team = read(cfg, { ...environment, AIRFLOW__DATA___CELERY_BROKER_TRANSPORT_OPTIONS__SENTINEL_KWARGS: "{}" }).ofTeam("data");
    expect(team.text("celery", "result_backend")).toBe("redis://data/1");
    expect(team.whole("celery", "worker_concurrency", 16)).toBe(2);
    expect(team.text("celery", "broker_url")).toBeNull();
    expect(team.section("celery_broker_transport_options")).toEqual({ master_name: "m", sentinel_kwargs: "{}" });
  });

  it("may come from a command that a variable names, and from no secrets backend", () => {
    const run: RunProgram = (file, args) => [file, ...args].join(" ");
    const told = read(cfg, { AIRFLOW__DATA___CELERY__BROKER_URL_CMD: "print it" }, run).ofTeam("data");
    expect(told.text("celery", "broker_url")).toBe("print it");
    const secret = read(cfg, { AIRFLOW__DATA___CELERY__BROKER_URL_SECRET: "path" }, run).ofTeam("data");
    expect(() => secret.text("celery", "broker_url")).toThrow(/AIRFLOW__DATA___CELERY__BROKER_URL_SECRET/);
  });
});
