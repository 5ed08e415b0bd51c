/** Composites from the call to the result, through a worker of this process; on brokers and backends see the conformance suites. */
import { type App, type Config, chain, chainOf, chord, createApp, type GroupResult, group, groupOf, shape } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { createWorker } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../support/eventually.ts";

let lastName = 0;

async function world(config: Config = {}) {
  const app = createApp("canvas", { broker: `memory://canvas-${++lastName}`, config });
  onTestFinished(() => app.close());
  const tasks = tasksOf(app);
  const worker = createWorker(app, { pool: "inline" });
  onTestFinished(() => worker.stop({ deadline: 0 }));
  if (config.taskAlwaysEager !== true) await worker.start();
  return { app, ...tasks };
}

function tasksOf(app: App) {
  return {
    add: app.task("add", (x: number, y: number) => x + y),
    show: app.task("show", (n: number) => `n=${n}`),
    fail: app.task("fail", (n: number): number => {
      throw new RangeError(`not ${n}`);
    }),
  };
}

const places: readonly (readonly [string, Config])[] = [
  ["a worker", {}],
  ["the place where it was called", { taskAlwaysEager: true }],
];

describe.each(places)("a chain, run by %s", (_where, config: Config) => {
  it("gives what its last step gives; the steps before it are its parents", async () => {
    const { add, show } = await world(config);
    const sent = await chain(add.s(1, 2), add.s(3), show.s()).delay();
    expect(await sent.get()).toBe("n=6");
    expect(await sent.parent?.get()).toBe(6);
    expect(await sent.parent?.parent?.get()).toBe(3);
    expect(sent.parent?.parent?.parent).toBeNull();
    expect(await add.s(1).pipe(add.s(2)).pipe(show.s()).delay(5).get()).toBe("n=8");
    expect(
      await chainOf(add.s(1, 2), [add.s(1), add.s(1)])
        .delay()
        .get(),
    ).toBe(5);
  });

  it("is known by the id that was fixed beforehand, and is sent once under it", async () => {
    const { add, app } = await world(config);
    const signature = chain(add.s(1, 2), add.s(3));
    const handle = signature.freeze("mine");
    expect(handle.id).toBe("mine");
    const sent = await signature.delay();
    expect([sent.id, await sent.get()]).toEqual(["mine", 6]);
    if (config.taskAlwaysEager === true) return;
    expect([await handle.get(), await app.result("mine").get()]).toEqual([6, 6]);
  });

  it("is refused as a whole where its first step's input does not fit", async () => {
    const { app, add } = await world(config);
    const schema = {
      "~standard": {
        ...shape<{ n: number }>()["~standard"],
        validate: (value: unknown) =>
          typeof (value as { n: unknown }).n === "number" ? { value: value as { n: number } } : { issues: [{ message: "n is a number" }] },
      },
    };
    const first = app.define("first", { input: schema }, (_self, { n }) => n);
    expect(
      await chain(first.s({ n: 1 }), add.s(1))
        .delay()
        .get(),
    ).toBe(2);
    await expect(chain(first.s({ n: "1" } as never), add.s(1)).delay()).rejects.toMatchObject({ code: "TASK_INPUT" });
  });
});

describe.each(places)("a group, run by %s", (_where, config: Config) => {
  it("gives what its members give, by index, nested as they are", async () => {
    const { add, show } = await world(config);
    const sent = await group(add.s(1, 1), chain(add.s(1, 2), add.s(3)), group(show.s(1), add.s(2, 2))).delay();
    expect(await sent.get()).toEqual([2, 6, ["n=1", 4]]);
    expect(await sent.completedCount()).toBe(3);
    expect(await sent.results[1].parent?.get()).toBe(3);
    expect(
      await groupOf([1, 2, 3].map((n) => add.s(n, n)))
        .delay()
        .get(),
    ).toEqual([2, 4, 6]);
  });

  it("at the end of a chain gives each member what came before it", async () => {
    const { app, add, show } = await world(config);
    const sent = chain(add.s(1, 2), group(add.s(1), chain(add.s(2), group(show.s(), add.s(3))))).delay();
    expect(await sent.get()).toEqual([4, ["n=5", 8]]);
    const seven = app.task("seven", () => 7);
    expect(
      await seven
        .s()
        .pipe(groupOf<number>([]) as never)
        .delay()
        .get(),
    ).toEqual([]);
  });

  it("gives each member the argument that all miss", async () => {
    const { add, show } = await world(config);
    expect(await group(add.s(1), show.s()).delay(3).get()).toEqual([4, "n=3"]);
  });

  it("of none has ended before it is sent", async () => {
    await world(config);
    const none = groupOf<number>([]);
    const handle = none.freeze("none");
    expect([handle.id, await handle.get(), (await none.delay()).id, await none.delay().get()]).toEqual(["none", [], "none", []]);
    await expect(handle.save()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("a map", () => {
  const pairs: [number, number][] = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];

  it("calls a task with each item in turn, in one run", async () => {
    const { add, show } = await world();
    expect(await show.map([1, 2]).delay().get()).toEqual(["n=1", "n=2"]);
    expect(await add.starmap(pairs).delay().get()).toEqual([3, 7, 11]);
    expect(await add.chunks(pairs, 2).delay().get()).toEqual([[3, 7], [11]]);
    expect(await add.chunks([], 2).delay().get()).toEqual([]);
    expect(() => add.chunks(pairs, 0)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("is sent where its task is", async () => {
    const app = createApp("routed", { broker: "memory://routed", config: { taskRoutes: { add: { queue: "sums" } } } });
    onTestFinished(() => app.close());
    const add = app.task("add", (x: number, y: number) => x + y);
    const other = app.task("other", { queue: "others" }, (x: number) => x);
    await Promise.all([add.starmap(pairs).delay(), add.chunks(pairs, 1).delay(), other.map([1]).delay(), add.delay(1, 2)]);
    const { broker } = await runtimeOf(app)!.links();
    expect(await Promise.all(["sums", "others", "celery"].map((queue) => broker.queues.length(queue)))).toEqual([5, 1, 0]);
  });
});

describe("a chord", () => {
  async function unattended(broker: string, backend?: string) {
    const app = createApp("chords", { broker, backend });
    onTestFinished(() => app.close());
    return { ...tasksOf(app), app, sum: app.task("sum", (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0)) };
  }

  it("is opened before its members are sent, under ids that stay when it is sent again", async () => {
    const { app, add, sum } = await unattended("memory://opened");
    await app.connect();
    const { broker, backend } = await runtimeOf(app)!.links();
    const opened: number[] = [];
    const { open } = backend!.chords!;
    backend!.chords!.open = async (start) => {
      opened.push(await broker.queues.length("celery"));
      await open.call(backend!.chords, start);
    };
    const signature = chord([add.s(1, 1), add.s(2, 2)], sum.s()).set({ taskId: "body" });
    const sent = await signature.delay();
    await signature.delay();
    expect([sent.id, opened, await broker.queues.length("celery")]).toEqual(["body", [0, 2], 2]);
    const header = sent.parent as GroupResult<[number, number]>;
    const quiet = await backend!.chords!.takeQuiet({ nowMs: Number.MAX_SAFE_INTEGER, everyMs: 0, limit: 9 });
    expect(quiet).toMatchObject([{ id: header.id, members: header.results.map(({ id }) => id) }]);
    expect(JSON.parse(quiet[0]!.body)).toMatchObject({ task: "sum", options: { task_id: "body" } });
  });

  it.each([
    ["memory://refused", "disabled"],
    ["amqp://nowhere.invalid", "rpc://"],
  ])("is refused where nothing counts it: %s with %s", async (broker, backend) => {
    const { add, sum, show } = await unattended(broker, backend);
    const refusal = { code: "RESULT_CHORDS", message: expect.stringContaining("name another backend") };
    await expect(chord([add.s(1, 1)], sum.s()).delay()).rejects.toMatchObject(refusal);
    await expect(group(add.s(1, 1), show.s(1)).pipe(sum.si([])).delay()).rejects.toMatchObject(refusal);
    await expect(chain(add.s(1, 1), group(add.s(1), add.s(2)), sum.s()).delay()).rejects.toMatchObject(refusal);
    await expect(group(chain(add.s(1, 1), chord([add.si(1, 1)], sum.s()) as never)).delay()).rejects.toMatchObject(refusal);
  });
});

describe.each(places)("a chord, run by %s", (_where, config: Config) => {
  it("gives its body all results, nested as types say, wherever it stands and whatever is in it", async () => {
    const { app, add, show } = await world(config);
    const sum = app.task("sum", (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0));
    const list = app.task("list", (all: unknown) => all);
    const ended = await Promise.all([
      chord([add.s(1, 1), add.s(2, 2)], sum.s())
        .delay()
        .get(),
      chain(add.s(1, 2), group(add.s(1), add.s(2)), sum.s(), show.s())
        .delay()
        .get(),
      chord([chord([add.s(1, 1)], sum.s()), chain(add.s(1, 1), add.s(5)), add.s(0, 0)], list.s())
        .delay()
        .get(),
      chord([group(add.s(1, 1), group(add.s(2, 2))), chain(add.s(1, 1), group(add.s(4), show.s())), add.s(0, 0)], list.s())
        .delay()
        .get(),
      chain(group(add.s(1, 1), add.s(2, 2)), group(list.s(), sum.s()))
        .delay()
        .get(),
      chain(group(add.s(1, 1), add.s(2, 2)), group(sum.s(), sum.s()), sum.s(), show.s())
        .delay()
        .get(),
      groupOf<number>([]).pipe(sum.s()).delay().get(),
    ]);
    expect(ended).toEqual([6, "n=9", [2, 7, 0], [[2, [4]], [6, "n=2"], 0], [[2, 4], 6], "n=12", 0]);
  });

  it("may be what a task is replaced with", async () => {
    const { app, add } = await world(config);
    const listed = app.bound("listed", (self, n: number): readonly number[] => self.replace(group(add.s(n, 1), add.s(n, 2)) as never));
    const count = app.task("count", (all: readonly unknown[]) => all.length);
    expect(await listed.delay(5).get()).toEqual([6, 7]);
    expect(
      await chain(group(listed.s(1), listed.s(2)), count.s())
        .delay()
        .get(),
    ).toBe(2);
  });

  it("fails with what failed, and tells its error callbacks once", async () => {
    const { app, add, fail } = await world(config);
    const told: unknown[] = [];
    const sum = app.task("sum", (xs: readonly number[]) => xs.length);
    const oops = app.task("oops", (id: string, failure?: { readonly type: string }) => void told.push([id, failure?.type]));
    const sent = await chain(add.s(1, 2), group(add.s(1), fail.s()), sum.s())
      .onError(oops.s())
      .delay();
    await expect(sent.get()).rejects.toMatchObject({ code: "TASK_CHORD_FAILED" });
    await eventually(() => expect(told).toHaveLength(1));
    expect(told).toEqual([[sent.id, "ChordError"]]);
  });
});

it("a canvas that fails where it is called throws, if taskEagerPropagates says so", async () => {
  const { add, fail } = await world({ taskAlwaysEager: true, taskEagerPropagates: true });
  const failure = { code: "TASK_FAILED", remote: { type: "RangeError" } };
  await expect(chain(add.s(1, 2), fail.s(), add.s(1)).delay()).rejects.toMatchObject(failure);
  await expect(group(add.s(1, 2), fail.s(1)).delay()).rejects.toMatchObject(failure);
  expect(await chain(add.s(1, 2), add.s(1)).delay().get()).toBe(4);
});

describe("app.signature", () => {
  it("revives what toJSON wrote, also one that came as an argument", async () => {
    const { app, add, show } = await world();
    const later = app.task("later", async (json: object) => (await app.signature(json).delay()).id);
    const signature = chain(add.s(1, 2), show.s());
    const id = await later.delay(signature.toJSON()).get();
    expect(await app.result(id).get()).toBe("n=3");
    const partial = app.signature<[number], number>(JSON.parse(JSON.stringify(add.s(5).set({ queue: "celery", countdown: 0 }))));
    expect(await partial.delay(1).get()).toBe(6);
    expect(partial.toJSON()).toEqual(add.s(5).set({ queue: "celery", countdown: 0 }).toJSON());
  });

  it.each<[unknown, string]>([
    [{}, "json must be a signature"],
    [{ task: "a", args: {} }, "json must be a signature"],
    [{ task: "celery.chain", subtask_type: "chain", kwargs: { tasks: [{ task: "a" }, 5] } }, "json.tasks[1] must be a signature"],
    [{ task: "celery.group", subtask_type: "group", kwargs: {} }, "json.tasks must be a list"],
    [{ task: "celery.chord", subtask_type: "chord", kwargs: { header: [], body: null } }, "json.body must be a signature"],
    [{ task: "celery.chord", subtask_type: "chord", kwargs: { header: [1], body: { task: "a" } } }, "json.header[0] must be"],
    [{ task: "a", options: { eta: "soon" } }, "json.options.eta is no ISO-8601 date"],
  ])("refuses what is none: %j", async (json, text) => {
    const { app } = await world();
    expect(() => app.signature(json as object)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(text) }),
    );
  });
});

it("an error of the class that a task lists comes back from a chain and a group", async () => {
  const { app, add } = await world();
  class TooMuch extends Error {
    override name = "TooMuch";
  }
  const limited = app.task("limited", { throws: [TooMuch] }, (n: number): number => {
    throw new TooMuch(`${n}`);
  });
  const cause = { cause: expect.any(TooMuch) };
  await expect(chain(add.s(1, 2), limited.s()).delay().get()).rejects.toMatchObject(cause);
  await expect(group(limited.s(1)).delay().get()).rejects.toMatchObject(cause);
});

it("what a task composes and sends is its child", async () => {
  const { app, add } = await world();
  const outer = app.task("outer", async () => (await chain(add.s(1, 2), add.s(3)).delay()).id);
  const sent = await outer.delay();
  const id = await sent.get();
  const [child] = await sent.children();
  expect([child?.id, await child?.get()]).toEqual([id, 6]);
});

it("a chain that fails tells so at its end", async () => {
  const { add, fail } = await world();
  await expect(chain(add.s(1, 2), fail.s(), add.s(1)).delay().get()).rejects.toMatchObject({ code: "TASK_FAILED" });
});

it("a signature comes from an app", () => {
  expect(() => chain({ toJSON: () => ({}) } as never)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
