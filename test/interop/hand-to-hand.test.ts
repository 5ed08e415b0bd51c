/** Work that passes from a Python worker to one of ours and back: chains that Python composed, links and error callbacks of both sides. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, type AsyncResult, chordOf, createApp, type FailureInfo } from "@celeriac/core";
import { afterAll, beforeAll, expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { type InteropWorker, startInteropWorker } from "../support/interop/worker.ts";
import { callPython, type PythonStep, type PythonWorker, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  { name: "Redis", broker: redisUrl },
  { name: "RabbitMQ", broker: amqpUrl },
];

beside.each(brokers)("hand to hand on $name", ({ broker }) => {
  let place: { readonly broker: string; readonly backend: string };
  let python: PythonWorker;
  let node: InteropWorker;
  let app: App;
  beforeAll(async () => {
    place = { broker: await broker(), backend: await redisUrl() };
    [python, node] = await Promise.all([startPythonWorker({ ...place, queue: "py" }), startInteropWorker({ ...place, queue: "js" })]);
    app = createApp("caller", { ...place, config: { taskRoutes: { "py.*": { queue: "py" }, "js.*": { queue: "js" } } } });
  });
  afterAll(async () => {
    await app?.close();
    await Promise.all([python?.stop(), node?.stop()]);
  });

  const on = (task: string, args: readonly unknown[] = []) => ({ task, args, options: { queue: task.slice(0, 2) } });

  /** The end of a chain that Python sends, as Python sees it. */
  async function endOfChain(...tasks: readonly ReturnType<typeof on>[]): Promise<unknown> {
    const run = (step: PythonStep) => callPython({ ...place, queue: "py" }, [step]);
    const [{ id }] = (await run({ do: "canvas", kind: "chain", tasks })) as [{ id: string }];
    const [end] = await run({ do: "get", id });
    return end;
  }

  it("passes along a chain of Python's through both workers, twice", async () => {
    const end = await endOfChain(on("py.add", [1, 2]), on("js.add", [10]), on("py.add", [100]), on("js.add", [1_000]));
    expect(end).toMatchObject({ state: "SUCCESS", result: 1_113 });
  });

  it("gives a task of ours at the head of a chain its successor in Python", async () => {
    expect(await endOfChain(on("js.retry", [2]), on("py.add", [40]))).toMatchObject({ state: "SUCCESS", result: 42 });
  });

  it("ends a chain of Python's where a task of ours fails", async () => {
    const end = await endOfChain(on("py.add", [1, 2]), on("js.fail"), on("py.add", [1]), on("js.add", [1]));
    expect(end).toMatchObject({
      state: "FAILURE",
      error: { type: "RangeError", args: ["3"] },
      traceback: expect.stringContaining("RangeError"),
    });
  });

  it("hands a result by link from Python to us and from us to Python", async () => {
    const theirs = app.declare<(x: number, y: number) => number>("py.add");
    const ours = app.declare<(x: number, y: number) => number>("js.add");
    expect(await linked(await theirs.applyAsync([1, 2], { link: ours.s(10).set({ queue: "js" }) }))).toBe(13);
    expect(await linked(await ours.applyAsync([1, 2], { link: theirs.s(20).set({ queue: "py" }) }))).toBe(23);
  });

  it("tells an error callback on the other side which task failed", async () => {
    type Errback = (id: string, failure?: FailureInfo) => unknown[];
    const errbacks = { py: app.declare<Errback>("py.note"), js: app.declare<Errback>("js.echo") };
    const failing = { py: app.declare<(message: string) => never>("py.fail"), js: app.declare<(message: string) => never>("js.fail") };
    for (const [from, to] of [
      ["py", "js"],
      ["js", "py"],
    ] as const) {
      const taskId = randomUUID();
      const failed = await failing[from].applyAsync(["x"], { linkError: errbacks[to].s().set({ queue: to, taskId }) });
      await expect(failed.get()).rejects.toMatchObject({ code: "TASK_FAILED" });
      expect(await app.result<unknown[]>(taskId).get({ timeout: "30s" })).toEqual(expect.arrayContaining([failed.id]));
    }
  });

  const totals = ["py.total", "js.total"] as const;
  const dependency = (raised: string) => ({ type: "ChordError", args: [expect.stringContaining(`raised ${raised}`)] });

  /** The body of a chord that Python sends, as Python sees it. */
  async function endOfChord(body: string, ...tasks: readonly ReturnType<typeof on>[]): Promise<unknown> {
    const steps = [{ do: "canvas" as const, kind: "chord" as const, tasks, body: on(body) }];
    const [{ id }] = (await callPython({ ...place, queue: "py" }, steps)) as [{ id: string }];
    const [end] = await callPython({ ...place, queue: "py" }, [{ do: "get", id }]);
    return end;
  }

  it("ends chords of Python's whose headers run on both workers, their bodies on either", async () => {
    const mixed = [on("py.add", [1, 1]), on("js.add", [2, 2]), on("py.add", [3, 3]), on("js.add", [4, 4])];
    for (const body of totals) expect(await endOfChord(body, ...mixed)).toMatchObject({ state: "SUCCESS", result: 20 });
    const ours = mixed.map(({ args }) => on("js.add", args));
    expect(await endOfChord("js.total", ...ours)).toMatchObject({ state: "SUCCESS", result: 20 });
    // Whoever counts last, it waits for what was added.
    const growing = [on("py.add", [1, 1]), on("js.spread", [2, 2])];
    for (const body of totals) expect(await endOfChord(body, ...growing)).toMatchObject({ state: "SUCCESS", result: 10 });
  });

  it("fails chords of Python's where a task of ours has failed, or one of theirs", async () => {
    const ours = await endOfChord("py.total", on("py.add", [1, 1]), on("js.fail", ["x"]));
    expect(ours).toMatchObject({ state: "FAILURE", error: dependency("RangeError('x')") });
    const theirs = await endOfChord("js.total", on("js.add", [1, 1]), on("py.fail", ["x"]));
    expect(theirs).toMatchObject({ state: "FAILURE", error: dependency("ValueError('x')") });
  });

  it("ends chords of Python's that it has no place of its own to count in", async ({ onTestFinished }) => {
    const folder = await mkdtemp(join(tmpdir(), "celeriac-unlock-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const chordOn = (...tasks: readonly ReturnType<typeof on>[]) => ({
      do: "canvas" as const,
      kind: "chord" as const,
      tasks,
      body: on("js.total"),
    });
    const steps = [chordOn(on("js.add", [1, 1]), on("js.retry", [1])), chordOn(on("js.add", [1, 1]), on("js.fail", ["x"]))];
    const sent = (await callPython({ ...place, backend: `file://${folder}`, queue: "js" }, steps)) as { readonly id: string }[];
    const [good, bad] = await Promise.all(sent.map(({ id }) => app.result(id).settled({ timeout: "30s" })));
    expect(good).toEqual({ state: "SUCCESS", value: 3 });
    expect(bad).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED", remote: dependency("RangeError('x')") } });
  });

  it("ends chords of ours whose headers run on both workers, their bodies on either", async () => {
    const add = {
      py: app.declare<(x: number, y: number) => number>("py.add"),
      js: app.declare<(x: number, y: number) => number>("js.add"),
    };
    const fail = app.declare<(message: string) => number>("py.fail");
    for (const name of totals) {
      const total = app.declare<(numbers: readonly number[]) => number>(name);
      // Whoever ends last sends the body, and knows no routes of ours.
      const body = () => total.s().set({ queue: name.slice(0, 2) });
      const header = [add.py.s(1, 1), add.js.s(2, 2), add.py.s(3, 3), add.js.s(4, 4)];
      expect(await chordOf(header, body()).delay().get({ timeout: "30s" })).toBe(20);
      const failed = chordOf([add.js.s(1, 1), fail.s("x"), add.js.s(2, 2)], body()).delay();
      expect(await (await failed).settled({ timeout: "30s" })).toMatchObject({
        state: "FAILURE",
        error: { code: "TASK_CHORD_FAILED", remote: dependency("ValueError('x')") },
      });
    }
  });

  it("runs map, starmap and chunks of Python's, and Python runs ours", async () => {
    const pairs = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    const each = (kind: string, task: string, it: unknown, n?: number) => ({ do: "each" as const, kind, task, it, n, queue: "js" });
    const theirs = [each("map", "js.length", ["a", "bb"]), each("starmap", "js.add", pairs), each("chunks", "js.add", pairs, 2)];
    expect(await callPython({ ...place, queue: "py" }, theirs)).toEqual([
      [1, 2],
      [3, 7, 11],
      [[3, 7], [11]],
    ]);
    const ours = (task: string, it: unknown, of: string) => app.sendTask(task, [], { kwargs: { task: on(of), it }, queue: "py" }).get();
    expect(await ours("celery.map", ["a", "bb"], "py.length")).toEqual([1, 2]);
    expect(await ours("celery.starmap", pairs, "py.add")).toEqual([3, 7, 11]);
  });

  /** The value of the one task that a task led to. */
  async function linked(parent: AsyncResult<number>): Promise<unknown> {
    await parent.get();
    const child = await eventually(async () => {
      const [only, ...more] = await parent.children();
      expect([only === undefined, more.length]).toEqual([false, 0]);
      return only;
    });
    return child?.get();
  }
});
