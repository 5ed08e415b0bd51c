/** Composites from the call to the result, through a worker of this process; on brokers and backends see the conformance suites. */
import { type App, type Config, chain, chainOf, createApp, group, groupOf, shape } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";

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
