import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { runId } from "../../support/airflow/execution-api.ts";
import { contextOf, launcherOf, openStage, type Stage, workloadOf } from "../../support/airflow/typescript-try.ts";

let open: Stage[] = [];

afterEach(async () => {
  const stages = open;
  open = [];
  for (const stage of stages) await stage[Symbol.asyncDispose]();
  for (const { api } of stages) expect(api.problems).toEqual([]);
});

async function stage(change?: Readonly<Record<string, unknown>>): Promise<Stage> {
  const opened = await openStage(change);
  open.push(opened);
  return opened;
}

const success = { kind: "success" };

describe("a task in TypeScript", () => {
  test("runs with variables, connections, XComs and a log, and keeps integers of any size", async () => {
    const { api, launch, log } = await stage();
    const extra = JSON.stringify({ api_key: "k3y-of-extra", region: "north" });
    const warehouse = {
      conn_id: "warehouse",
      conn_type: "postgres",
      host: "db",
      schema: "s",
      login: "u",
      password: "s3cret-word",
      port: 1,
      extra,
    };
    api.connections.set("warehouse", warehouse);
    expect(await launch("extract")).toEqual(success);
    expect((await log()).filter(({ level, logger }) => level === "error" && logger === "task")).toEqual([]);
    expect(api.state).toBe("success");
    const value = api.xcoms.get(`report/${runId}/extract/return_value[-1]`)!;
    expect(value).toContain('"big":9223372036854775807,"huge":1000000000000000000000000000000,"small":9007199254740992');
    expect(JSON.parse(value)).toMatchObject({
      rows: 3,
      at: { __classname__: "datetime.datetime", __data__: { timestamp: 1772755200.25 } },
    });
    expect(api.xcoms.get(`report/${runId}/extract/detail[-1]`)).toBe('{"seen":"yes","gone":null}');
    expect(api.seen("put_variable")[0]?.body).toEqual({ val: "yes", description: "by the test" });

    const lines = await log();
    expect(lines.map(({ level, event, logger }) => [level, event, logger])).toEqual(
      expect.arrayContaining([
        ["info", "extracting", "task"],
        ["info", "printed", "task.stdout"],
        ["error", "complained", "task.stderr"],
        ["info", "signing in with ***", "task"],
      ]),
    );
    expect(lines.find(({ event }) => event === "extracting")).toMatchObject({ rows: 3, at: "2026-03-06T00:00:00.000Z" });
    expect(JSON.stringify(lines)).not.toMatch(/s3cret-word|k3y-of-extra|too much|eyJ/);
  });

  test("names the same process in run and in heartbeats, and goes on with every new token", async () => {
    const { api, launch } = await stage();
    const waiting = new AbortController();
    const running = launch("waits", { signal: waiting.signal });
    await expect.poll(() => api.seen("ti_heartbeat").length).toBeGreaterThan(10);
    waiting.abort();
    await running;
    const [start] = api.seen("ti_run");
    const { pid } = start!.body as { pid: number };
    expect(start!.body).toMatchObject({ state: "running", hostname: "worker-1", pid: expect.any(Number) });
    expect(api.seen("ti_heartbeat")[0]?.body).toEqual({ hostname: "worker-1", pid });
    expect(pid).not.toBe(process.pid);
    expect(api.state).toBe("up_for_retry");
  });

  test("reads what Python and other tasks left, a datetime as a Date", async () => {
    const { api, run } = await stage();
    const left = {
      big: "BIG",
      at: { __classname__: "pendulum.datetime.DateTime", __version__: 2, __data__: { timestamp: 1.5, tz: null } },
    };
    api.xcoms.set(`report/${runId}/extract/return_value[-1]`, JSON.stringify(left).replace('"BIG"', "123456789012345678901234567890"));
    expect(await run("transform")).toEqual(success);
    const value = api.xcoms.get(`report/${runId}/transform/return_value[-1]`);
    expect(value).toContain('"big":123456789012345678901234567890');
    expect(value).toContain('"timestamp":1.5');
  });

  test("of a mapped instance has XComs of its own, and says how long a list is", async () => {
    const { api, run } = await stage();
    api.xcoms.set(`report/${runId}/group.list/item[4]`, '"fifth"');
    expect(await run("mapped", { mapIndex: 2 })).toEqual(success);
    expect(api.xcoms.get(`report/${runId}/mapped/return_value[2]`)).toBe('[2,"fifth"]');
    expect(api.seen("set_xcom").map(({ query }) => query)).toEqual([{ map_index: "2" }, { map_index: "2" }]);

    const other = await stage();
    other.api.script("set_xcom", { status: 400, detail: { reason: "unmappable_return_value_length" } });
    expect(await other.run("list")).toEqual(success);
    expect(other.api.seen("set_xcom").map(({ query }) => query)).toEqual([{ mapped_length: "3" }, {}]);
    expect(other.api.xcoms.get(`report/${runId}/list/return_value[-1]`)).toBe('["a","b","c"]');
  });

  test("finds nothing where nothing is, and takes away what an earlier try left", async () => {
    const { api, run } = await stage({ xcom_keys_to_clear: ["old"] });
    api.xcoms.set(`report/${runId}/absent/old[-1]`, "1");
    expect(await run("absent")).toEqual(success);
    expect(api.xcoms.get(`report/${runId}/absent/return_value[-1]`)).toBe('[null,null,null,"AIRFLOW_NOT_FOUND"]');
    expect(api.xcoms.has(`report/${runId}/absent/old[-1]`)).toBe(false);
  });

  test.each([
    { task: "throws", retry: true, state: "up_for_retry" },
    { task: "throws", retry: false, state: "failed" },
    { task: "fails", retry: true, state: "failed" },
    { task: "retries", retry: true, state: "up_for_retry" },
    { task: "skips", retry: true, state: "skipped" },
    { task: "late", retry: true, state: "up_for_retry" },
    { task: "nowhere", retry: true, state: "failed" },
    { task: "branches", retry: true, state: "success" },
  ])("$task, with a try left: $retry, is $state", async ({ task, retry, state }) => {
    const { api, run, log } = await stage({ should_retry: retry });
    expect(await run(task)).toEqual(success);
    expect(api.state).toBe(state);
    expect(api.seen("ti_update_state")).toHaveLength(1);
    if (task === "throws") {
      const { error_detail: detail } = (await log()).find(({ event }) => event === "The task failed")!;
      expect(detail).toMatchObject([
        { exc_type: "Error", exc_value: "no rows", is_cause: false },
        { exc_type: "TypeError", exc_value: "not a table", is_cause: true },
      ]);
      expect((detail as { frames: { filename: string }[] }[])[0]?.frames.at(-1)?.filename).toContain("airflow/tasks");
    }
    if (task === "branches") expect(api.seen("ti_skip_downstream")[0]?.body).toEqual({ tasks: ["left", ["right", 2]] });
    if (task === "nowhere") expect((await log()).map(({ event }) => event)).toContain("The task failed, and is not tried again");
  });

  test.each([
    { count: 0, after: 300_000 },
    { count: 1, at: "2027-01-01T00:00:00.000Z" },
  ])("put off $count times gives its slot back until it is to begin anew", async ({ count, after, at }) => {
    const { api, run } = await stage({ task_reschedule_count: count });
    expect(await run("puts_off")).toEqual(success);
    const { state, reschedule_date: until, end_date: end } = api.seen("ti_update_state")[0]!.body as Readonly<Record<string, string>>;
    expect(state).toBe("up_for_reschedule");
    if (after === undefined) expect(until).toBe(at);
    else expect(Math.abs(Date.parse(until!) - Date.parse(end!) - after)).toBeLessThan(60_000);
    expect(api.xcoms.has(`report/${runId}/puts_off/return_value[-1]`)).toBe(false);
  });

  test("whose process ends before it is tried again", async () => {
    const { api, launch, log } = await stage();
    expect(await launch("exits")).toEqual(success);
    expect(api.state).toBe("up_for_retry");
    expect((await log()).map(({ event }) => event)).toContain("The task's process ended before its task: exit code 3");
  });

  test("never shows the token to its process", async () => {
    const { api, launch } = await stage();
    await launch("token");
    expect(api.xcoms.get(`report/${runId}/token/return_value[-1]`)).not.toContain("eyJ");
  });
});

describe("Airflow's server", () => {
  test("that does not want the task any more has it aborted, and is told nothing of its end", async () => {
    const { api, run, log } = await stage();
    const running = run("waits");
    await expect.poll(async () => (await log()).map(({ event }) => event)).toContain("waiting");
    api.state = "failed";
    expect(await running).toEqual(success);
    expect(api.seen("ti_update_state")).toEqual([]);
    expect((await log()).map(({ event }) => event)).toContain("Airflow does not want this task to run any more: it is ended");
  });

  test("that answers 410 has a deaf process killed", async () => {
    const { api, launch } = await stage();
    api.script("ti_heartbeat", { status: 410, detail: { reason: "not_found" } });
    expect(await launch("deaf")).toEqual(success);
    expect(api.seen("ti_update_state")).toEqual([]);
    const { pid } = api.seen("ti_run")[0]!.body as { pid: number };
    expect(() => readFileSync(`/proc/${pid}/stat`)).toThrow("ENOENT");
  });

  test.each([
    { answer: { status: 409, detail: { reason: "invalid_state", previous_state: "running" } }, redelivered: false, kind: "ignore" },
    { answer: { status: 409, detail: { reason: "invalid_state", previous_state: "success" } }, redelivered: false, kind: "failure" },
    { answer: { status: 404, detail: { reason: "not_found" } }, redelivered: false, kind: "failure" },
    { answer: { status: 403, detail: "Invalid auth token: Signature has expired" }, redelivered: true, kind: "ignore" },
    { answer: { status: 403, detail: "Invalid auth token: Signature has expired" }, redelivered: false, kind: "failure" },
  ] as const)(
    "that answers run with $answer.status, redelivered: $redelivered, makes it a $kind",
    async ({ answer, redelivered, kind }) => {
      const { api, run, log } = await stage();
      api.script("ti_run", answer);
      const outcome = await run("quiet", { redelivered });
      expect(outcome.kind).toBe(kind);
      expect(JSON.stringify(outcome)).not.toContain("eyJ");
      expect(api.calls).toHaveLength(1);
      expect((await log()).map(({ event }) => event)).toEqual(["Airflow did not let this task begin"]);
    },
  );

  test("is asked again after 5xx and broken connections", async () => {
    const { api, run } = await stage();
    api.script("ti_run", { status: 503 }, "drop");
    api.script("ti_update_state", "drop", { status: 500 });
    expect(await run("quiet")).toEqual(success);
    expect(api.state).toBe("success");
  });

  test("that cannot be told how the task ended makes it a failure", async () => {
    const { api, run } = await stage();
    api.script("ti_update_state", ...Array.from({ length: 6 }, () => ({ status: 500 })));
    expect(await run("quiet")).toMatchObject({ kind: "failure", message: expect.stringContaining("could not be told") });
  });

  test("that answers no heartbeat has the task ended, which is tried again", async () => {
    const { api, run } = await stage();
    api.script("ti_heartbeat", ...Array.from({ length: 6 }, () => "drop" as const));
    expect(await run("waits")).toEqual(success);
    expect(api.state).toBe("up_for_retry");
  });

  test("that refuses what the task asks for makes it fail with the server's words", async () => {
    const { api, run, log } = await stage();
    api.script("put_variable", { status: 403, detail: { reason: "access_denied", message: "not this one" } });
    expect(await run("rejected")).toEqual(success);
    expect(api.state).toBe("up_for_retry");
    expect(JSON.stringify(await log())).toContain("answered 403: access_denied: not this one");
  });
});

describe("the launcher", () => {
  test("knows which tasks its modules register", async () => {
    const { launcher } = await stage();
    await launcher.start();
    expect(launcher.runs(workloadOf("extract"))).toBe(true);
    expect(launcher.runs(workloadOf("nowhere"))).toBe(false);
    expect(launcher.runs({ ...workloadOf("extract"), type: "ExecuteCallback" })).toBe(false);
  });

  test("does not start with a module that cannot be loaded, or registers nothing", async () => {
    const options = {
      ...{ api: { url: "", timeoutMs: 1, attempts: 1, retryMinMs: 1, retryMaxMs: 1 }, heartbeat: { intervalMs: 1, maxFailed: 1 } },
    };
    const supervisor = { ...options, overtimeMs: 1, logFolder: "", hostname: "" };
    await expect(launcherOf("airflow/broken-tasks", supervisor).start()).rejects.toMatchObject({
      code: "AIRFLOW_TASKS",
      message: expect.stringContaining("no such setting"),
    });
    await expect(launcherOf("internal", supervisor).start()).rejects.toThrow("registers a task");
  });

  test("refuses a workload that leads out of the folder of logs, or has no token", async () => {
    const { api, launcher } = await stage();
    for (const change of [{ log_path: "../../etc/passwd" }, { token: null }, { ti: { id: "x" } }])
      await expect(launcher.run(workloadOf("quiet", -1, change), contextOf())).rejects.toMatchObject({ code: "AIRFLOW_MESSAGE" });
    expect(api.calls).toEqual([]);
  });
});
