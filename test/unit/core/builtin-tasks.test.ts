/** Celery's own tasks, as a worker runs them: by their names, with Celery's parameters. */
import { describe, expect, it, vi } from "vitest";
import { runtimeOf } from "../../../packages/core/src/app.ts";
import type { Ending } from "../../../packages/core/src/run.ts";
import { shape } from "../../../packages/core/src/task-input.ts";
import { link, published, startExecution } from "../../support/execution.ts";

function execution() {
  const started = startExecution();
  const { app } = started;
  app.task("add", { params: ["x", "y"] }, async (x: number, y: number) => x + y);
  app.define("double", { input: shape<{ n: number }>() }, (_self, { n }) => 2 * n);
  app.bound("who", (self, item: string) => `${self.request.id} ${item}`);
  app.declare("elsewhere");
  const each = (name: string, task: string, it: unknown) => started.run(`celery.${name}`, { kwargs: { task: link(task), it } });
  return { ...started, each };
}

const values = (...items: unknown[]) => ({ kind: "succeeded", value: JSON.stringify(items), children: [], publish: [] });
const failure = (type: string, says: string) => ({ kind: "failed", error: { type, args: [expect.stringContaining(says)] } });

describe("celery.map and celery.starmap", () => {
  it("call the named task for each item, in this run", async () => {
    const { each, run } = execution();
    const pairs = [
      [1, 2],
      [3, 4],
    ];
    expect(await each("starmap", "add", pairs)).toEqual(values(3, 7));
    expect(await run("celery.starmap", { args: [link("add"), pairs] })).toEqual(values(3, 7));
    expect(await each("map", "double", [{ n: 1 }, { n: 2 }])).toEqual(values(2, 4));
    expect(await each("map", "who", ["a", "b"])).toEqual(values("id-1 a", "id-1 b"));
    expect(await each("map", "add", [])).toEqual(values());
  });

  it("fail with what the task throws, once, though it asks to be retried", async () => {
    const { app, each } = execution();
    const run = vi.fn();
    app.bound("again", (self) => {
      run();
      throw self.retry({ cause: new RangeError("not yet") });
    });
    app.bound("once more", (self) => self.retry());
    expect(await each("map", "again", [1, 2])).toMatchObject(failure("RangeError", "not yet"));
    expect(run).toHaveBeenCalledTimes(1);
    expect(await each("map", "once more", [1])).toMatchObject(failure("Error", "Task can be retried"));
  });

  it("refuse a task that has no code here, and arguments that are none", async () => {
    const { each, run } = execution();
    for (const name of ["elsewhere", "nowhere"]) expect(await each("map", name, [1])).toMatchObject(failure("NotRegistered", name));
    expect(await each("map", "add", { a: 1 })).toMatchObject(failure("CeleriacError", "a list as it"));
    expect(await each("starmap", "add", [1])).toMatchObject(failure("CeleriacError", "a list of lists"));
    expect(await run("celery.map")).toMatchObject(failure("CeleriacError", "a signature as task"));
  });

  it("hear between two items that they are to end", async () => {
    const { app, run } = execution();
    const seen = vi.fn();
    app.task("see", seen);
    const aborted = { kind: "aborted", message: "user left" } as const;
    const heartbeat = () => {
      throw new DOMException("over", "AbortError");
    };
    const ending = await run("celery.map", { kwargs: { task: link("see"), it: [1, 2] }, aborted, heartbeat });
    expect(ending).toEqual({ kind: "revoked", reason: "user left", begun: true });
    expect(seen).toHaveBeenCalledTimes(1);
  });
});

describe("celery.accumulate", () => {
  it("gives its arguments, or the one of an index, counted as Python does", async () => {
    const { run } = execution();
    const accumulate = (args: readonly unknown[], kwargs: object = {}) => run("celery.accumulate", { args, kwargs });
    expect(await accumulate([1, "b"])).toEqual(values(1, "b"));
    expect(await accumulate([[1, 2], 3], { index: 0 })).toEqual(values(1, 2));
    expect(await accumulate([1, [3]], { index: -1 })).toEqual(values(3));
    expect(await accumulate([1], { index: null })).toEqual(values(1));
    for (const index of [1, -2, 0.5, "0"])
      expect(await accumulate([1], { index })).toMatchObject(failure("CeleriacError", "none of index"));
  });
});

describe("celery.chunks, celery.group, celery.chain and celery.chord", () => {
  const idsOf = (ending: Ending) => published(ending).map(({ id }) => id);
  const pairs = [1, 2, 3].map((n) => [n, n]);

  it("send what they are composed of with their ending, and give where its result will be found", async () => {
    const { run } = execution();
    const chunks = await run("celery.chunks", { kwargs: { task: link("add"), it: pairs, n: 2 } });
    expect(published(chunks).map(({ task, body }) => [task, (body as [unknown, unknown])[1]])).toMatchObject([
      ["celery.starmap", { it: [pairs[0], pairs[1]] }],
      ["celery.starmap", { it: [pairs[2]] }],
    ]);
    const value = JSON.parse((chunks as { readonly value: string }).value);
    expect(value).toEqual([[expect.any(String), null], idsOf(chunks).map((id) => [[id, null], null])]);
    expect(chunks).toMatchObject({ children: [value] });

    const group = await run("celery.group", { args: [[link("a"), link("b")], null, "g", [7]] });
    expect(published(group).map(({ task, body }) => [task, (body as [unknown])[0]])).toEqual([
      ["a", [7]],
      ["b", [7]],
    ]);
    expect(JSON.parse((group as { readonly value: string }).value)[0]).toEqual(["g", null]);
    const chain = await run("celery.chain", { kwargs: { tasks: [link("a"), link("b", { task_id: "last" })] } });
    expect([published(chain).map(({ task }) => task), JSON.parse((chain as { readonly value: string }).value)[0][0]]).toEqual([
      ["a"],
      "last",
    ]);
    const chord = await run("celery.chord", { kwargs: { header: [link("a"), link("b")], body: link("c", { task_id: "body" }) } });
    expect(chord).toMatchObject({ opens: [{ size: 2, members: idsOf(chord) }] });
    // Settled again they are the same.
    expect(idsOf(await run("celery.chunks", { kwargs: { task: link("add"), it: pairs, n: 2 } }))).toEqual(idsOf(chunks));
  });

  it("refuse what is no signature", async () => {
    const { run } = execution();
    expect(await run("celery.group", { kwargs: { tasks: 1 } })).toMatchObject(failure("CeleriacError", "celery.group.tasks"));
    expect(await run("celery.chord", { kwargs: { header: [] } })).toMatchObject(failure("CeleriacError", "celery.chord.body"));
    expect(await run("celery.chunks", { kwargs: { task: link("add"), it: pairs, n: 0 } })).toMatchObject(failure("ConfigError", "chunk"));
  });
});

describe("celery.chord_unlock", () => {
  const body = link("sum", { task_id: "body" });
  const result = [[["a", null], null]];

  it("looks again after its interval, or the app's, where it cannot learn how members ended", async () => {
    const { run } = execution();
    const waits = async (kwargs: object) => {
      const ending = await run("celery.chord_unlock", { args: ["g", body], kwargs: { result, ...kwargs } });
      expect(ending).toMatchObject({ kind: "retried", error: { type: "BackendError" } });
      return Math.round((published(ending)[0]!.dueAt! - Date.now()) / 1_000);
    };
    expect([await waits({}), await waits({ interval: 30 })]).toEqual([1, 30]);
  });

  it("refuses what Celery does not send", async () => {
    const { run } = execution();
    const unlock = (kwargs: object) => run("celery.chord_unlock", { kwargs: { group_id: "g", callback: body, result, ...kwargs } });
    expect(await unlock({})).toMatchObject({ kind: "retried" });
    for (const [wrong, says] of [
      [{ group_id: 7 }, "group_id"],
      [{ callback: "sum" }, "callback"],
      [{ result: null }, "result"],
      [{ result: [["a"]] }, "result"],
      [{ interval: -1 }, "interval"],
      [{ max_retries: "3" }, "max_retries"],
    ] as const)
      expect(await unlock(wrong)).toMatchObject(failure("CeleriacError", says));
  });
});

describe("built-in tasks", () => {
  it("are in no list, and stand behind a task of the app that has their name", async () => {
    const { app, run } = execution();
    await run("celery.accumulate", { args: [1] });
    const { registry } = runtimeOf(app)!;
    expect(registry.runnable()).toEqual(["add", "double", "who"]);
    expect(registry.get("celery.map")).toBeDefined();
    app.task("celery.accumulate", () => "ours");
    expect(await run("celery.accumulate", { args: [1] })).toMatchObject({ value: '"ours"' });
  });
});
