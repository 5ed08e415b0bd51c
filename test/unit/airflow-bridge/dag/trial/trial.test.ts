/** dag.test(): a whole DAG in this process. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type App, createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import type { DagBuilder } from "../../../../../packages/airflow-bridge/src/dag/definition/builder.ts";
import { type Dag, dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import type { DagOptions } from "../../../../../packages/airflow-bridge/src/dag/definition/dag-options.ts";
import type { Handle } from "../../../../../packages/airflow-bridge/src/dag/definition/handle.ts";
import { each } from "../../../../../packages/airflow-bridge/src/dag/definition/mapping.ts";
import { runEnded } from "../../../../../packages/airflow-bridge/src/dag/pokes/run-ended.ts";
import { openAppStore } from "../../../../../packages/airflow-bridge/src/dag/store/app-store.ts";
import type { Trial, TrialOptions } from "../../../../../packages/airflow-bridge/src/dag/trial/trial.ts";

let app: App;
beforeEach(() => {
  app = createApp("shop", { broker: "memory://" });
});

/** The trial of a DAG, and what its function returned. */
async function tried<T>(build: (d: DagBuilder) => T, options: DagOptions = {}, given?: TrialOptions): Promise<{ trial: Trial; drawn: T }> {
  let drawn: T | undefined;
  const etl = dag(app, "etl", options, (d) => {
    drawn = build(d);
  });
  return { trial: await etl.test(given), drawn: drawn! };
}

/** "a success, b[0] skipped" */
function states({ instances }: Trial): string {
  return instances.map(({ taskId, mapIndex, state }) => `${taskId}${mapIndex < 0 ? "" : `[${mapIndex}]`} ${state}`).join(", ");
}

const fail = () => {
  throw new Error("no such file");
};

it("runs functions, tasks of the app and bash, mapped ones too, and gives what they gave", async () => {
  const double = app.task("shop.double", (n: number) => 2 * n);
  const { trial, drawn } = await tried(
    (d) => {
      const rows = d.task("rows", (run): number[] => [1, 2, Number(run.params["n"])])();
      const doubled = d.task(double).expand(each(rows));
      const sum = d.task("sum", (_run, ns: number[], at: Date) => ({ sum: ns.reduce((a, b) => a + b, 0), at: at.toISOString() }))(
        doubled,
        d.run("logicalDate"),
      );
      const said = d.bash("say", 'echo "$SUM"', { env: { SUM: sum.pick("sum") as unknown as Handle<string> } });
      return { rows, doubled, sum, said };
    },
    { params: { n: 3 } },
    { logicalDate: new Date(0), params: { n: 4 } },
  );
  expect(trial).toMatchObject({ state: "success", reason: null });
  expect(trial.value(drawn.doubled)).toEqual([2, 4, 8]);
  expect(trial.value(drawn.sum)).toEqual({ sum: 14, at: "1970-01-01T00:00:00.000Z" });
  expect([trial.value(drawn.sum.pick("sum")), trial.value(drawn.said)]).toEqual([14, "14"]);
  expect(states(trial)).toBe("rows success, double[0] success, double[1] success, double[2] success, sum success, say success");
});

it("goes the way that a branch chose, and skips what is not on it", async () => {
  const { trial, drawn } = await tried((d) => {
    const kind = d.branch("kind", () => "big" as "big" | "small")();
    const [big, small] = [d.task("big", () => 1)(), d.task("small", () => 2)()];
    kind.on("big", big).on("small", small);
    const join = d
      .task("join", { triggerRule: "none_failed_min_one_success" }, () => 3)()
      .after(big, small);
    d.shortCircuit("enough", () => false)()
      .after(join)
      .before(d.task("rest", { triggerRule: "always" }, () => 4)());
    return { small, join };
  });
  expect(states(trial)).toBe("kind success, big success, small skipped, join success, enough success, rest skipped");
  expect(trial.value(drawn.join)).toBe(3);
  expect(() => trial.value(drawn.small)).toThrow(
    expect.objectContaining({ code: "DAG_NO_VALUE", message: "small gave nothing: it is skipped: skipped by kind" }),
  );
});

it("skips what says so, and fails what gives up, as a function, a branch or a poke", async () => {
  const { trial } = await tried(
    (d) => {
      d.task("nothing", (run) => {
        throw run.skip();
      })();
      d.task("late", (run) => {
        if (run.tryNumber === 1) throw new Error("once more");
        throw run.fail("no such table");
      })();
      d.branch("way", (run): "a" => {
        throw run.skip("no way");
      })().on("a", d.task("a", () => 1)());
      d.sensor("bucket", { softFail: true }, (run) => run.fail("no such bucket"));
    },
    { defaults: { retries: 5 } },
  );
  expect(trial.instances).toEqual([
    { taskId: "nothing", mapIndex: -1, state: "skipped", tries: 1, reason: "its own code skipped it" },
    { taskId: "late", mapIndex: -1, state: "failed", tries: 2, reason: "no such table" },
    { taskId: "way", mapIndex: -1, state: "skipped", tries: 1, reason: "no way" },
    { taskId: "bucket", mapIndex: -1, state: "skipped", tries: 1, reason: "no such bucket" },
    { taskId: "a", mapIndex: -1, state: "skipped", tries: 0, reason: "its trigger rule is all_success" },
  ]);
});

describe("a task that fails", () => {
  it("is tried again without the wait, and lets what is behind it fail", async () => {
    const { trial, drawn } = await tried((d) => {
      const a = d.task("a", { retries: 2, retryDelay: "1h" }, fail)();
      d.task("b", () => 1)().after(a);
      return { a };
    });
    expect(trial).toMatchObject({ state: "failed", reason: "failed: b" });
    expect(trial.instances[0]).toEqual({ taskId: "a", mapIndex: -1, state: "failed", tries: 3, reason: "no such file" });
    expect(states(trial)).toBe("a failed, b upstream_failed");
    expect(() => trial.value(drawn.a)).toThrow("a gave nothing: it is failed: no such file");
  });

  it("is well once a try is", async () => {
    const { trial, drawn } = await tried((d) => d.task("a", { retries: 2 }, (run) => (run.tryNumber < 3 ? fail() : run.tryNumber))());
    expect([trial.state, trial.value(drawn)]).toEqual(["success", 3]);
  });

  it("is one whose time is over, or whose task has no code here", async () => {
    const never = app.declare<() => number>("ml.score");
    const { trial } = await tried((d) => {
      d.task("a", { executionTimeout: "10ms" }, (run) => new Promise<void>((end) => run.signal.addEventListener("abort", () => end())))();
      d.task(never)();
    });
    expect(trial.instances.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("execution timeout"),
      expect.stringContaining("ml.score"),
    ]);
  });

  it("is one that is mapped over no list, and one without items is skipped", async () => {
    const { trial } = await tried((d) => {
      const use = d.task("none", (_run, n: number) => n);
      use.expand(each(d.task("empty", (): number[] => [])()));
      use.with({ id: "wrong" }).expand(each(d.task("text", () => "abc")() as unknown as Handle<number[]>));
    });
    expect(states(trial)).toBe("empty success, text success, none skipped, wrong failed");
    expect(trial.instances.at(-1)!.reason).toContain("got a string");
  });
});

it("passes over what a sensor waits, as long as its timeout", async () => {
  const { trial, drawn } = await tried((d) => {
    let looks = 0;
    const at = d.sensor("at", { mode: "reschedule", interval: "1h" }, () => ++looks === 5 && { looks });
    d.sensor("never", { timeout: "2h", interval: "1h" }, () => undefined);
    d.sensor("soft", { timeout: "2h", softFail: true }, () => false);
    return { at };
  });
  expect(trial.value(drawn.at)).toEqual({ looks: 5 });
  expect(states(trial)).toBe("at success, never failed, soft skipped");
});

describe("a task that triggers another DAG", () => {
  it("runs it here, with its params, and fails with it", async () => {
    const seen: unknown[] = [];
    dag(app, "other", { params: { x: 1, y: 1 } }, (d) => {
      d.task("see", (run) => void seen.push([run.params, run.runId]))();
    });
    dag(app, "failing", {}, (d) => d.task("a", fail)());
    const { trial } = await tried((d) => {
      d.trigger("other", { params: { x: d.task("x", () => 2)() } });
      d.trigger("failing", { wait: true });
      d.trigger("unknown");
    });
    expect(seen).toEqual([[{ x: 2, y: 1 }, expect.stringMatching(/^manual__/)]]);
    expect(trial.instances.map(({ taskId, state, reason }) => [taskId, state, reason])).toEqual([
      ["x", "success", null],
      ["trigger_failing", "failed", expect.stringContaining("has failed")],
      ["trigger_unknown", "failed", "The app has no DAG unknown"],
      ["trigger_other", "success", null],
    ]);
  });

  it("may wait for that run with a sensor, and not for one that nobody triggers", async () => {
    let runId = "";
    const other = dag(app, "other", {}, (d) => {
      d.task("see", (run) => {
        runId = run.runId;
      })();
    });
    const { trial, drawn } = await tried(
      (d) => {
        const ended = d.sensor("ended", {}, runEnded(other, { runId: () => runId })).after(d.trigger(other));
        d.sensor("none", { timeout: "1h" }, runEnded(other));
        d.sensor("unknown", {}, runEnded("elt"));
        return { ended };
      },
      {},
      { logicalDate: new Date(0) },
    );
    expect(trial.value(drawn.ended)).toBe(runId);
    expect(trial.instances.map(({ taskId, state, reason }) => [taskId, state, reason])).toEqual([
      ["trigger_other", "success", null],
      ["none", "failed", expect.stringContaining("timeout")],
      ["unknown", "failed", "The app has no DAG elt"],
      ["ended", "success", null],
    ]);
  });

  it("fails where they trigger each other in a circle", async () => {
    dag(app, "other", {}, (d) => void d.trigger("etl", { wait: true }));
    const { trial } = await tried((d) => void d.trigger("other", { wait: true }));
    expect(trial.state).toBe("failed");
  });
});

describe("connections and variables", () => {
  const path = join(mkdtempSync(join(tmpdir(), "celeriac-trial-")), "dags.db");
  afterAll(() => rmSync(dirname(path), { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());
  const asks = (d: DagBuilder) =>
    d.task("asks", async ({ connection, variable }) => [(await connection("trial_db")).host, await variable("trial_region")])();

  it("come from the environment, and no store is made for what it does not have", async () => {
    vi.stubEnv("CELERIAC_DAG_STORE_URL", `sqlite://${path}`);
    vi.stubEnv("AIRFLOW_CONN_TRIAL_DB", "postgres://here");
    const { trial } = await tried(asks);
    expect(trial.instances[0]!.reason).toContain("AIRFLOW_VAR_TRIAL_REGION");
    expect(existsSync(path)).toBe(false);
  });

  it("have their secrets masked, in what bash says, too", async () => {
    vi.stubEnv("AIRFLOW_CONN_TRIAL_DB", '{"password": "trial-pw", "extra": {"api_key": "trial-key"}}');
    const said: unknown[] = [];
    const put = (message: string, fields?: object) => void said.push(message, fields);
    app = createApp("shop", { broker: "memory://", logger: { debug: put, info: put, warn: put, error: put } });
    const { trial } = await tried((d) => {
      const read = d.task("read", async (run) => {
        const { password, extra } = await run.connection("trial_db");
        return `${password} ${String(extra["api_key"])}`;
      })();
      d.bash("tell", 'echo "$GIVEN"; echo "$GIVEN" >&2; exit 1', { env: { GIVEN: read } });
    });
    expect(trial.instances[1]!.reason).toBe("bash ended with exit code 1:\n******** ********\n******** ********");
    expect(said).toContain("******** ********");
    expect(JSON.stringify(said)).not.toMatch(/trial-pw|trial-key/);
  });

  it("come from the store that is there", async () => {
    vi.stubEnv("CELERIAC_DAG_STORE_URL", `sqlite://${path}`);
    const { store } = await openAppStore(runtimeOf(app)!);
    await store.write(async ({ connections, variables }) => {
      await connections.put(connectionOf("trial_db", { host: "there" }));
      await variables.put("trial_region", "eu");
    });
    await store.close();
    const { trial, drawn } = await tried(asks);
    expect(trial.value(drawn)).toEqual(["there", "eu"]);
  });
});

it("refuses options that it does not have, and handles of other DAGs", async () => {
  let handle: Handle<string> | undefined;
  const etl: Dag = dag(app, "etl", {}, (d) => void d.bash("a", "true"));
  dag(app, "other", {}, (d) => {
    handle = d.bash("a", "true");
  });
  await expect(etl.test({ date: new Date() } as never)).rejects.toMatchObject({ code: "CONFIG_UNKNOWN" });
  await expect(etl.test({ logicalDate: new Date(Number.NaN) })).rejects.toMatchObject({ code: "DAG_DEFINITION" });
  const trial = await etl.test();
  expect(() => trial.value(handle!)).toThrow(expect.objectContaining({ code: "DAG_HANDLE" }));
});

it("is about the data interval that the DAG's timetable gives for a run by hand", async () => {
  const interval = (d: DagBuilder) => d.task("interval", (run) => [run.intervalStart.toISOString(), run.intervalEnd.toISOString()])();
  const given = { logicalDate: new Date("2026-03-02T12:00:00Z") };
  const { trial, drawn } = await tried(interval, { schedule: "@daily", timetable: "interval" }, given);
  expect(trial.value(drawn)).toEqual(["2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z"]);
});
