/** What the function of a DAG draws, as the model that comes of it. */
import { type App, createApp, every } from "@celeriac/core";
import { beforeEach, describe, expect, it } from "vitest";
import type { DagBuilder } from "../../../../../packages/airflow-bridge/src/dag/definition/builder.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import type { DagOptions } from "../../../../../packages/airflow-bridge/src/dag/definition/dag-options.ts";
import type { Node } from "../../../../../packages/airflow-bridge/src/dag/definition/handle.ts";
import { each, zip } from "../../../../../packages/airflow-bridge/src/dag/definition/mapping.ts";
import type { DagModel, TaskModel } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { dagsOf } from "../../../../../packages/airflow-bridge/src/dag/registry.ts";

let app: App;
beforeEach(() => {
  app = createApp("shop", { broker: "memory://" });
});

const nothing = () => {};

function model(build: (d: DagBuilder) => void, options: DagOptions = {}): DagModel {
  dag(app, "etl", options, build);
  return dagsOf(app).get("etl")!;
}

function task(build: (d: DagBuilder) => void, id: string, options?: DagOptions): TaskModel {
  return model(build, options).tasks.get(id)!;
}

function edges(build: (d: DagBuilder) => void): readonly string[] {
  return [...model(build).tasks.values()].flatMap(({ id, downstream }) => downstream.map((next) => `${id} → ${next}`));
}

describe("a DAG", () => {
  it("has Airflow 3's defaults", () => {
    expect(model((d) => d.task("a", nothing)())).toEqual({
      id: "etl",
      schedule: { when: null, tz: "UTC", timetable: "trigger" },
      ...{ startAt: null, endAt: null, catchUp: false, maxActiveRuns: 16, maxActiveTasks: 16, runTimeoutMs: null },
      ...{ params: {}, tags: [], groups: [], log: null, tasks: expect.any(Map) },
    });
    expect(dagsOf(app).get("etl")!.tasks.get("a")).toEqual({
      ...{ id: "a", group: null, operator: "function", upstream: [], downstream: [], inputs: [] },
      options: {
        ...{ queue: null, retries: 0, retryDelayMs: 300_000, exponentialBackoff: false, maxRetryDelayMs: null },
        ...{ triggerRule: "all_success", pool: "default_pool", poolSlots: 1, priorityWeight: 1, weightRule: "downstream" },
        ...{ executionTimeoutMs: null, dependsOnPast: false },
      },
      work: { kind: "run", run: expect.any(Function) },
    });
  });

  it("reads its options, and those of tasks over its defaults", () => {
    const schedule = every("1h");
    const startAt = new Date(86_400_000);
    const given: DagOptions = {
      schedule,
      tz: "Europe/Oslo",
      startAt,
      catchUp: true,
      dagrunTimeout: "2h",
      timetable: "interval",
      tags: ["x"],
    };
    const made = model((d) => d.task("a", { retryDelay: 5 }, nothing)(), { ...given, defaults: { retries: 2, retryDelay: "1m" } });
    expect(made).toMatchObject({
      schedule: { when: schedule, tz: "Europe/Oslo", timetable: "interval" },
      ...{ startAt: 86_400_000, catchUp: true, runTimeoutMs: 7_200_000, tags: ["x"] },
    });
    expect(made.tasks.get("a")!.options).toMatchObject({ retries: 2, retryDelayMs: 5_000 });
  });

  it("goes by the app's timezone unless it has its own", () => {
    app = createApp("shop", { broker: "memory://", config: { timezone: "Asia/Tokyo" } });
    expect(model(nothing, { schedule: "0 3 * * *" }).schedule.tz).toBe("Asia/Tokyo");
  });

  it("is frozen, and takes neither tasks nor edges any more", () => {
    let builder: DagBuilder | undefined;
    const nodes: Node[] = [];
    const made = model((d) => {
      builder = d;
      nodes.push(d.task("a", nothing)(), d.task("b", nothing)());
    });
    expect([made, made.tasks.get("a"), made.tasks.get("a")!.downstream, made.tasks.get("a")!.options].every(Object.isFrozen)).toBe(true);
    expect(() => builder!.task("c", nothing)()).toThrow(/DAG etl is built/);
    expect(() => nodes[0]!.before(nodes[1]!)).toThrow(/DAG etl is built/);
  });

  it("knows its nodes, and the app its DAGs in the order of the code", () => {
    const etl = dag(app, "etl", {}, (d) => d.task("late", nothing)().after(d.task("early", nothing)()));
    dag(app, "ab.c-d", {}, nothing);
    expect(etl.nodes.map(({ id }) => id)).toEqual(["early", "late"]);
    expect([...dagsOf(app).keys()]).toEqual(["etl", "ab.c-d"]);
    expect(dagsOf(createApp("other", { broker: "memory://" })).size).toBe(0);
  });
});

describe("edges", () => {
  it("come from handles, from before() and after(), and count once", () => {
    const drawn = edges((d) => {
      const a = d.task("a", () => ({ x: 1, list: [1] }))();
      const b = d.task("b", (_run, x: number) => x)(a.pick("x"));
      const c = d.task("c", nothing)().after(a, b);
      b.before(c);
      d.bash("e", "true", { env: { A: d.bash("f", "true") } }).before(a);
    });
    expect(drawn).toEqual(["f → e", "e → a", "a → b", "a → c", "b → c"]);
  });

  it("come from what is mapped over, and from what is zipped", () => {
    const drawn = edges((d) => {
      const [a, b] = [d.task("a", () => [1])(), d.task("b", () => ["x"])()];
      d.task("c", (_run, _n: number, _pair: [number, string]) => 1).expand(each(a), each(zip(a, b)));
    });
    expect(drawn).toEqual(["a → c", "b → c"]);
  });

  it("put each task behind all that it waits for", () => {
    const made = model((d) => {
      const [c, b, a] = ["c", "b", "a"].map((id) => d.task(id, nothing)());
      c!.after(b!, a!);
      b!.after(a!);
    });
    expect([...made.tasks.keys()]).toEqual(["a", "b", "c"]);
    expect(made.tasks.get("c")!.upstream).toEqual(["b", "a"]);
  });

  it("refuse a circle, and name its tasks in order", () => {
    const build = (d: DagBuilder) => {
      const [begin, extract, load, end] = ["begin", "extract", "load", "end"].map((id) => d.task(id, nothing)());
      begin!.before(extract!);
      extract!.before(load!);
      load!.before(extract!, end!);
    };
    expect(() => model(build)).toThrow(
      expect.objectContaining({ code: "DAG_CYCLE", message: expect.stringContaining("extract → load → extract") }),
    );
    expect(dagsOf(app).size).toBe(0);
    const itself = (d: DagBuilder) => {
      const a = d.task("a", nothing)();
      a.before(a);
    };
    expect(() => model(itself)).toThrow(/a → a/);
  });

  it("are within a DAG", () => {
    let other: Node | undefined;
    dag(app, "first", {}, (d) => {
      other = d.task("a", nothing)();
    });
    expect(() => model((d) => d.task("b", nothing)().after(other!))).toThrow(/a is a task of the DAG first, and b one of etl/);
  });
});

describe("inputs", () => {
  it("are values, what tasks give or parts of it, and what a run has", () => {
    const c = task((d) => {
      const a = d.task("a", () => ({ rows: [{ n: 1 }] }))();
      const mapped = d.task("b", (_run, n: number) => n).expand(each([1, 2]));
      d.task("c", (_run, ..._args: unknown[]) => 1)({ x: 1 }, a.pick("rows").pick(0), mapped, d.run("params").pick("y"));
    }, "c");
    expect(c.inputs).toEqual([
      { kind: "value", value: { x: 1 } },
      { kind: "xcom", taskId: "a", list: false, path: ["rows", "0"] },
      { kind: "xcom", taskId: "b", list: true, path: [] },
      { kind: "run", key: "params", path: ["y"] },
    ]);
  });

  it("are mapped over by each(), over pairs with zip()", () => {
    const b = task((d) => {
      const a = d.task("a", () => [1])();
      d.task("b", (_run, _pair: [number, string], _x: string) => 1).expand(each(zip(a, ["x"])), "plain");
    }, "b");
    expect(b.inputs).toEqual([
      {
        kind: "each",
        list: {
          kind: "zip",
          lists: [
            { kind: "xcom", taskId: "a", list: false, path: [] },
            { kind: "value", value: ["x"] },
          ],
        },
      },
      { kind: "value", value: "plain" },
    ]);
  });

  it.each<[what: string, build: (d: DagBuilder) => unknown]>([
    ["a handle in a text", (d) => d.bash("b", `echo ${d.bash("a", "true")}`)],
    ["a handle in JSON", (d) => JSON.stringify({ a: d.bash("a", "true") })],
    ["a handle within an object", (d) => d.task("b", (_run, _x: unknown) => 1)({ deep: [d.bash("a", "true")] })],
    ["a node that gives nothing", (d) => d.task("b", (_run, _x: unknown) => 1)(d.trigger("other"))],
    ["a run's value as a node", (d) => d.run("runId").after(d.bash("a", "true"))],
    ["what is no node", (d) => d.bash("a", "true").before({ id: "b" } as Node)],
    ["a part of pairs", (d) => d.task("b", (_run, _x: unknown) => 1)(zip([1], [2]).pick(0))],
    ["a list that is none", () => each("abc" as unknown as string[])],
  ])("refuse %s", (_what, build) => {
    expect(() => model(build)).toThrow(expect.objectContaining({ code: "DAG_HANDLE" }));
  });
});

describe("ids", () => {
  it("of tasks in groups have those of the groups in front", () => {
    const made = model((d) => {
      const inner = d.group("load", () => d.group("deep", () => d.bash("x", "true")));
      d.bash("x", "true").after(inner);
    });
    expect([...made.tasks].map(([id, { group }]) => [id, group])).toEqual([
      ["load.deep.x", "load.deep"],
      ["x", null],
    ]);
    expect(made.groups).toEqual([
      { id: "load", parent: null },
      { id: "load.deep", parent: "load" },
    ]);
  });

  it("of tasks of the app are the last part of their names, unless given", () => {
    const load = app.declare<() => number>("etl.rows.load");
    const made = model((d) => {
      d.task(load)();
      d.task(load, { id: "again", retries: 1 })();
      d.task(load).with({ id: "third" })();
    });
    expect([...made.tasks.keys()]).toEqual(["load", "again", "third"]);
    expect([...made.tasks.values()].map(({ work }) => work)).toEqual(Array(3).fill({ kind: "task", task: "etl.rows.load" }));
  });

  it.each<[what: string, code: string, text: string, build: (d: DagBuilder) => unknown]>([
    ["two tasks of one", "DAG_DUPLICATE", "has a task a already", (d) => [d.bash("a", "true"), d.bash("a", "true")]],
    [
      "an operator called twice",
      "DAG_DUPLICATE",
      "with({ id: … })",
      (d) => [1, 2].map(d.task("a", (_run, n: number) => n).with({}) as never),
    ],
    ["a task named like a group", "DAG_DUPLICATE", "has a group a already", (d) => [d.group("a", nothing), d.bash("a", "true")]],
    ["a point in one", "DAG_DEFINITION", "letters, digits, _ and -", (d) => d.bash("a.b", "true")],
    ["one that is too long", "DAG_DEFINITION", "longer than 250", (d) => d.bash("a".repeat(251), "true")],
  ])("refuse %s", (_what, code, text, build) => {
    expect(() => model(build)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  it("of DAGs are of one each", () => {
    dag(app, "etl", {}, nothing);
    expect(() => dag(app, "etl", {}, nothing)).toThrow(expect.objectContaining({ code: "DAG_DUPLICATE" }));
    expect(() => dag(app, "a b", {}, nothing)).toThrow(expect.objectContaining({ code: "DAG_DEFINITION" }));
  });
});

describe("what does not fit", () => {
  it.each<[what: string, code: string, text: string, build: (d: DagBuilder) => unknown]>([
    [
      "an unknown option",
      "CONFIG_UNKNOWN",
      'option of task a of the DAG etl "retrys": did you mean "retries"?',
      (d) => d.bash("a", "true", { retrys: 1 } as never),
    ],
    ["a value", "DAG_DEFINITION", "Option retries of task a of the DAG etl cannot be -1", (d) => d.bash("a", "true", { retries: -1 })],
    ["a duration", "CONFIG_DURATION", "retryDelay", (d) => d.task("a", nothing).with({ retryDelay: "soon" as never })],
    ["a rule", "DAG_DEFINITION", "triggerRule", (d) => d.task("a", { triggerRule: "dummy" as never }, nothing)],
    ["an option of another operator", "CONFIG_UNKNOWN", "softFail", (d) => d.bash("a", "true", { softFail: true } as never)],
    ["no function", "DAG_DEFINITION", "expected a function", (d) => d.task("a", {}, 5 as never)],
    ["no task", "DAG_DEFINITION", "task() takes a task of the app", (d) => d.task((() => 1) as never)],
    ["expand() without each()", "DAG_DEFINITION", "expand() maps over", (d) => d.task("a", (_run, n: number) => n).expand(1)],
    ["each() without expand()", "DAG_DEFINITION", "each() is for expand()", (d) => d.task("a", (_run, n: number) => n)(each([1]) as never)],
    ["a value that no run has", "DAG_DEFINITION", "a run has runId", (d) => d.run("ds" as never)],
    ["an async build", "DAG_DEFINITION", "is async", async () => {}],
  ])("is refused: %s", (_what, code, text, build) => {
    expect(() => model(build)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  it.each<[options: object, code: string, text: string]>([
    [{ catchup: true }, "CONFIG_UNKNOWN", 'did you mean "catchUp"?'],
    [{ schedule: "@dayly" }, "SCHEDULE_INVALID", 'The DAG etl: schedule: "@dayly" is no preset: did you mean @daily?'],
    [{ schedule: "61 * * * *" }, "SCHEDULE_INVALID", "61"],
    [{ schedule: "@daily", tz: "Europe/Olso" }, "SCHEDULE_INVALID", "Olso"],
    [{ schedule: 5 }, "DAG_DEFINITION", "schedule"],
    [{ schedule: "@daily", catchUp: true }, "DAG_DEFINITION", "startAt"],
    [{ startAt: new Date(2), endAt: new Date(1) }, "DAG_DEFINITION", "endAt is before startAt"],
    [{ startAt: new Date(Number.NaN) }, "DAG_DEFINITION", "startAt"],
    [{ maxActiveRuns: 0 }, "DAG_DEFINITION", "maxActiveRuns"],
    [{ defaults: { id: "x" } }, "DAG_DEFINITION", "id"],
    [{ defaults: { pol: "x" } }, "CONFIG_UNKNOWN", 'did you mean "pool"?'],
  ])("is refused of a DAG: %o", (options, code, text) => {
    expect(() => model(nothing, options)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  it("is refused of an app", () => {
    expect(() => dag({} as App, "etl", {}, nothing)).toThrow(expect.objectContaining({ code: "DAG_DEFINITION" }));
  });
});
