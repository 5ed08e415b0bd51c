import { CeleriacError } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../../packages/cli/src/command-line.ts";

const everyCommand =
  "worker, dev, beat, schedules, flower, call, result, graph, queues, bindings, dead, purge, status, inspect, control, events, airflow worker, airflow drain, airflow doctor, dag scheduler, dag init, dag list, dag states, dag trigger, dag backfill, dag pause, dag unpause, dag clear, dag mark, dag import, dag connections, dag variables, dag rotate-fernet-key, dag pools, dag clean, dag test, dag tables, report";

function read(line: string, environment: NodeJS.ProcessEnv = {}) {
  return readCommandLine(line === "" ? [] : line.split(" "), environment);
}

function run(line: string, environment: NodeJS.ProcessEnv = {}) {
  const read_ = read(line, environment);
  if (read_.kind !== "run") throw new Error(`${line} is ${read_.kind}`);
  return read_;
}

function refusal(line: string): string {
  try {
    read(line);
  } catch (error) {
    if (CeleriacError.is(error) && error.code === "COMMAND_USAGE") return error.message;
    throw error;
  }
  throw new Error(`${line} was accepted`);
}

describe("a command line", () => {
  it("takes the options of every command before and after the command's name", () => {
    for (const line of [
      "-A ./tasks.ts worker -c 4",
      "worker -c 4 -A ./tasks.ts",
      "worker --app=./tasks.ts --concurrency=4",
      "-A./tasks.ts worker -c4",
    ])
      expect(run(line), line).toMatchObject({ command: "worker", args: { common: { app: "./tasks.ts" }, options: { concurrency: 4 } } });
  });

  it("reads Celery's spelling of a worker", () => {
    const { args } = run("-A proj worker -l INFO -P gevent -Q a,b -Q c -n w1@%h --grace 5s");
    expect(args.options).toMatchObject({ loglevel: "info", pool: "gevent", queues: ["a", "b", "c"], hostname: "w1@%h", grace: "5s" });
    expect(run("worker -l WARNING").args.options).toMatchObject({ loglevel: "warn" });
  });

  it("fills in what is not given", () => {
    const { args } = run("worker");
    expect(args.common).toMatchObject({ app: null, broker: null, json: false });
    expect(args.options).toMatchObject({ pool: null, queues: [], concurrency: null, slots: 1, grace: "25s", loglevel: "info" });
  });

  it("keeps the arguments of a task as they were written", () => {
    const words = ["call", "shop.add", "1", "-2", "03", "true", "--kwargs", '{"a": 1}', "--args", "[1,2]"];
    const line = readCommandLine(words, {});
    expect(line).toMatchObject({ args: { positionals: { task: "shop.add", args: ["1", "-2", "03", "true"] } } });
    expect(line).toMatchObject({ args: { options: { kwargs: { a: 1 }, args: [1, 2] } } });
    expect(run("call x --countdown 5 -- --flag -A").args.positionals).toEqual({ task: "x", args: ["--flag", "-A"] });
  });

  it("takes an option from its environment variable, unless it is given", () => {
    expect(run("worker", { CELERIAC_APP: "./a.ts" }).args.common.app).toBe("./a.ts");
    expect(run("worker -A ./b.ts", { CELERIAC_APP: "./a.ts" }).args.common.app).toBe("./b.ts");
    expect(() => run("worker", { CELERIAC_LOG_LEVEL: "loud" })).toThrow(/^CELERIAC_LOG_LEVEL: expected one of debug/);
  });

  it("shows help where it is asked for, whatever else is missing", () => {
    expect(read("")).toEqual({ kind: "help", command: null });
    expect(read("--help")).toEqual({ kind: "help", command: null });
    expect(read("call --help")).toEqual({ kind: "help", command: "call" });
    expect(read("-A x worker -h")).toEqual({ kind: "help", command: "worker" });
    expect(read("help result")).toEqual({ kind: "help", command: "result" });
    expect(read("--version")).toEqual({ kind: "version" });
  });

  it("reads flags as Flower writes them, and leaves to the monitor what the line does not say", () => {
    const options = (...words: string[]) => {
      const line = readCommandLine(["flower", ...words], { FLOWER_PORT: "tcp://10.0.0.1" });
      return line.kind === "run" && line.command === "flower" ? line.args.options : null;
    };
    expect(options("--max_tasks=5", "--url_prefix", "flower", "--auto-refresh=False", "--persistent")).toMatchObject({
      ...{ maxTasks: 5, urlPrefix: "flower", autoRefresh: false, persistent: true },
      ...{ port: undefined, db: undefined },
    });
    expect(options("--task_runtime_metric_buckets=1,5,inf", "--basic_auth=a:b,c:d")).toMatchObject({
      taskRuntimeMetricBuckets: [1, 5],
      basicAuth: ["a:b", "c:d"],
    });
  });

  it("refuses what it does not know, and names the nearest it does", () => {
    expect(refusal("wroker")).toBe("unknown command wroker: did you mean worker?");
    expect(refusal("mail.send 1")).toBe(`unknown command mail.send: expected ${everyCommand}`);
    expect(refusal("-A x")).toBe(`name a command: ${everyCommand}`);
    expect(refusal("--concurrency 3")).toBe(`name a command: ${everyCommand}`);
    expect(refusal("--verison")).toBe("celeriac has no option --verison: did you mean --version?");
    expect(refusal("worker --conccurency 3")).toBe("worker has no option --conccurency: did you mean --concurrency?");
    expect(refusal("worker -Z")).toMatch(/^worker has no option -Z/);
    expect(refusal("result --countdown 3 x")).toMatch(/^result has no option --countdown/);
    expect(refusal("worker tasks.ts")).toBe('worker takes no argument "tasks.ts"');
    expect(refusal("result")).toBe("result needs ID");
  });

  it("refuses values that do not fit, and says what does", () => {
    expect(refusal("worker -c 0")).toBe('--concurrency: expected whole number 1 to 10000, got "0"');
    expect(refusal("worker -c many")).toBe('--concurrency: expected whole number 1 to 10000, got "many"');
    expect(refusal("worker -P fork")).toBe('--pool: expected one of prefork, async, threads, solo, inline, got "fork"');
    expect(refusal("worker --grace soon")).toMatch(/^--grace: .*"soon".*"90s"/);
    expect(refusal("worker -c")).toBe("--concurrency needs a value: N");
    expect(refusal("call x --priority 10")).toBe('--priority: expected whole number 0 to 9, got "10"');
    expect(refusal("call x --kwargs [1]")).toBe('--kwargs: expected JSON object, got "[1]"');
    expect(refusal("call x --eta tomorrow")).toMatch(/^--eta: expected instant/);
  });

  it("knows commands of two words, whose own letters win over those of every command", () => {
    expect(run("airflow worker -q a,b -c 4").args).toMatchObject({
      common: { quiet: false },
      options: { queues: ["a", "b"], concurrency: 4 },
    });
    expect(refusal("-q airflow worker")).toBe("write the options of airflow worker behind it");
    expect(run("--debug airflow worker").args).toMatchObject({ common: { debug: true }, options: { queues: [] } });
    expect(refusal("airflow wroker")).toBe("unknown command airflow wroker: did you mean airflow worker?");
    expect(refusal("airflow")).toBe("unknown command airflow: expected airflow worker, airflow drain, airflow doctor");
    expect(refusal("airflow worker now")).toBe('airflow worker takes no argument "now"');
    expect(readCommandLine(["airflow", "worker", "--help"], {})).toEqual({ kind: "help", command: "airflow worker" });
    expect(readCommandLine(["help", "airflow", "worker"], {})).toEqual({ kind: "help", command: "airflow worker" });
  });

  it("reads how a call is sent", () => {
    const way = "--exchange post --routing-key mail.new --serializer yaml --compression gzip";
    expect(run(`call x ${way}`).args.options).toMatchObject({
      exchange: "post",
      routingKey: "mail.new",
      serializer: "yaml",
      compression: "gzip",
    });
    expect(refusal("call x --serializer pickle")).toBe('--serializer: expected one of json, msgpack, yaml, got "pickle"');
  });

  it("reads a deadline as a length of time or an instant", () => {
    expect(run("call x --expires 90s").args.options).toMatchObject({ expires: "90s" });
    expect(run("call x --expires 2030-01-01T08:00:00Z").args.options).toMatchObject({ expires: new Date("2030-01-01T08:00:00Z") });
  });
});

describe("a flag of Celery that is not here", () => {
  it.each([
    ["worker -D", "worker has no option -D: systemd, a container"],
    ["worker --detach", "worker has no option --detach: systemd, a container"],
    ["worker --uid 1000", "setpriv --reuid"],
    ["worker --config=celeryconfig", "createApp"],
  ])("says what does its work: %s", (line, text) => {
    expect(refusal(line)).toContain(text);
  });

  it("is taken where nothing needs to be done for it", () => {
    expect(run("worker -O fair --without-gossip --skip-checks --discard").args.options).toMatchObject({
      optimization: "fair",
      discard: true,
    });
  });
});
