/** What follows a run: a task or a canvas, in the run's ending, under ids that are always the same. */
import { chain, group } from "@celeriac/core";
import { describe, expect, it } from "vitest";
import { chord } from "../../../packages/core/src/canvas/chord.ts";
import type { Ending } from "../../../packages/core/src/run.ts";
import type { SignatureJson } from "../../../packages/core/src/step.ts";
import { link, published, startExecution } from "../../support/execution.ts";

function execution() {
  const started = startExecution({ brokerUrl: "sqlite:///nowhere/unit.db" });
  const { app } = started;
  const add = app.task("add", (x: number, y: number) => x + y);
  const sum = app.task("sum", (all: number[]) => all.reduce((one, other) => one + other, 0));
  const fail = app.task("fail", (): number => {
    throw new RangeError("too far");
  });
  const ours = app.task("ours", (_id: string) => {});
  return { ...started, add, sum, fail, ours };
}

const json = (step: { toJSON(): object }) => step.toJSON() as SignatureJson;
const headersOf = (ending: Ending) => ("publish" in ending ? ending.publish : []).map(({ envelope }) => envelope.headers);
const opensOf = (ending: Ending) => ("opens" in ending ? (ending.opens ?? []) : []);
const argsOf = (ending: Ending) => published(ending).map(({ task, body }) => [task, (body as readonly unknown[])[0]]);

describe("what follows a success", () => {
  it("may be chains, groups and chords, each given the result", async () => {
    const { run, add, sum } = execution();
    const callbacks = [chain(add.s(10), add.s(20)), group(add.s(1), add.s(2)), chord([add.si(1, 1), add.si(2, 2)], sum.s())].map(json);
    const ending = await run("add", { args: [1, 2], embed: { callbacks } });
    expect(argsOf(ending)).toEqual([...[1, 2].map((n) => ["add", [3, n]]), ["add", [3, 10]], ...[1, 2].map((n) => ["add", [n, n]])]);
    const [start, ...others] = opensOf(ending);
    expect(others).toEqual([]);
    expect(start).toMatchObject({
      size: 2,
      members: headersOf(ending)
        .slice(3)
        .map(({ id }) => id),
    });
    for (const headers of headersOf(ending)) expect(headers).toMatchObject({ root_id: "id-1", parent_id: "id-1" });
    expect("children" in ending ? ending.children : []).toHaveLength(2);
  });

  it("is the next step with all that is behind it, be it a group or a chord", async () => {
    const { run, add, sum } = execution();
    const rest = [link("last", { task_id: "last" }), json(group(add.s(10), add.s(20)).pipe(sum.s()))];
    const ending = await run("add", { args: [1, 2], embed: { chain: rest } });
    expect(argsOf(ending)).toEqual([
      ["add", [3, 10]],
      ["add", [3, 20]],
    ]);
    const body = JSON.parse(opensOf(ending)[0]!.body) as SignatureJson;
    expect(body.kwargs["tasks"]).toMatchObject([{ task: "sum" }, { task: "last", options: { task_id: "last" } }]);
  });

  it("are two callbacks or more in one group, as Celery sends them, and the same again when it is settled again", async () => {
    const { run } = execution();
    const embed = { callbacks: [link("a"), link("b", { task_id: "mine" })] };
    const ending = await run("add", { args: [1, 2], embed });
    const [a, b] = headersOf(ending);
    expect([a?.["group"], b?.["id"]]).toEqual([b?.["group"], "mine"]);
    expect(a?.["group"]).toEqual(expect.any(String));
    expect(ending).toMatchObject({
      children: [
        [
          [a?.["group"], null],
          [
            [[a?.["id"], null], null],
            [["mine", null], null],
          ],
        ],
      ],
    });
    expect(headersOf(await run("add", { args: [1, 2], embed }))).toEqual([a, b]);
    expect(headersOf(await run("add", { args: [1, 2], embed: { callbacks: [link("a")] } }))[0]).toMatchObject({ group: null });
    const later = await run("add", { args: [1, 2], embed, headers: { retries: 1 } });
    expect(headersOf(later)[0]?.["id"]).not.toBe(a?.["id"]);
  });

  it("bears the stamps of what it follows, its own before them", async () => {
    const { run } = execution();
    const headers = { stamped_headers: ["trace", "tenant"], stamps: { trace: ["t1"], tenant: ["acme"] } };
    const own = { stamped_headers: ["tenant"], tenant: "other" };
    const embed = { callbacks: [link("a")], chain: [link("later"), link("b", own)] };
    const [a, b] = headersOf(await run("add", { args: [1, 2], headers, embed }));
    expect(a).toMatchObject({ stamped_headers: ["trace", "tenant"], stamps: headers.stamps });
    expect(b).toMatchObject({ stamps: { trace: ["t1"], tenant: ["other"] } });
    const [errback] = headersOf(await run("fail", { headers, embed: { errbacks: [link("e")] } }));
    expect(errback).toMatchObject({ stamps: headers.stamps });
  });

  it("cannot be a chord where nothing counts it: then the run has failed", async () => {
    const { app, run } = startExecution({ brokerUrl: "amqp://nowhere.invalid", resultBackend: "rpc://" });
    app.task("t", () => 1);
    const callbacks = [json(chord([app.declare<() => number>("a").s()], app.declare<(all: number[]) => void>("b").s()))];
    expect(await run("t", { embed: { callbacks } })).toMatchObject({
      kind: "failed",
      error: { args: [expect.stringContaining("rpc://")] },
    });
  });
});

describe("what follows a failure", () => {
  it("are error callbacks in a group of their own; of a canvas its first tasks hear of it", async () => {
    const { run, ours, add } = execution();
    const errbacks = [link("python.task"), json(chain(ours.s(), add.si(1, 1))), json(chain(link0("python.first"), ours.si("x")))];
    const ending = await run("fail", { embed: { errbacks } });
    const failure = { type: "RangeError", message: "too far", traceback: expect.any(String) };
    expect(argsOf(ending)).toEqual([
      ["python.task", ["id-1"]],
      ["ours", ["id-1", failure]],
      ["python.first", ["id-1"]],
    ]);
    const groups = new Set(headersOf(ending).map(({ group: id }) => id));
    expect(headersOf(ending)[0]).toMatchObject({ group: expect.any(String), root_id: "id-1", parent_id: "id-1" });
    expect(groups.has(null)).toBe(true);
  });

  const link0 = (task: string) => startExecution().app.declare<(id: string) => void>(task).s();
});

describe("a task that replaces itself", () => {
  const place = {
    headers: { root_id: "root", parent_id: "parent", group: "g", group_index: 3, replaced_task_nesting: 1 },
    embed: { callbacks: [link("cb")], errbacks: [link("eb")], chord: link("body", { task_id: "body" }) },
  };

  it("has no result; another runs under its id, in its place, with what would have followed it", async () => {
    const { app, run, add } = execution();
    app.bound("other", (self) => self.replace(add.s(5, 100)));
    const ending = await run("other", place);
    expect(ending).toMatchObject({ kind: "replaced", publish: [{}] });
    expect(published(ending)[0]?.body).toEqual([[5, 100], {}, { ...place.embed, chain: null }]);
    const own = {
      id: "id-1",
      task: "add",
      retries: 0,
      root_id: "root",
      parent_id: "id-1",
      group: "g",
      group_index: 3,
      replaced_task_nesting: 2,
    };
    expect(headersOf(ending)).toMatchObject([own]);
    expect("publish" in ending && ending.publish[0]?.envelope.properties.deliveryTag).toBe("id-1.2000000");
  });

  it("passes on the rest of its chain, behind whatever replaces it", async () => {
    const { app, run, add } = execution();
    app.bound("other", (self) => self.replace(add.s(1, 1)));
    app.bound("others", (self) => self.replace(chain(add.s(1, 1), add.s(2))));
    const rest = [link("last", { task_id: "last" }), link("next", { task_id: "next" })];
    const chainOf = async (task: string) => {
      const [first] = published(await run(task, { embed: { chain: rest } }));
      return (first!.body as [unknown, unknown, { chain: unknown }])[2].chain;
    };
    expect(await chainOf("other")).toEqual(rest);
    expect(await chainOf("others")).toMatchObject([...rest, { task: "add", args: [2], options: { task_id: "id-1" } }]);
  });

  it("with a group gives the list of all, in one task of its id", async () => {
    const { app, run, add } = execution();
    app.bound("two", (self) => self.replace(group(add.s(1, 1), add.s(2, 2))));
    const ending = await run("two", place);
    expect(headersOf(ending)).toMatchObject([1, 2].map((_, index) => ({ task: "add", group: opensOf(ending)[0]?.id, group_index: index })));
    const body = JSON.parse(opensOf(ending)[0]!.body) as SignatureJson;
    expect(body).toMatchObject({ task: "celery.accumulate", kwargs: { index: 0 } });
    expect(body.options).toMatchObject({
      task_id: "id-1",
      group_id: "g",
      group_index: 3,
      chord: place.embed.chord,
      link: [link("cb")],
      link_error: [link("eb")],
    });
    // Again under the same id it is another one.
    expect(opensOf(await run("two", { headers: { replaced_task_nesting: 2 } }))[0]?.id).not.toBe(opensOf(ending)[0]?.id);
    expect(opensOf(await run("two", place))).toMatchObject(opensOf(ending).map(({ id, members }) => ({ id, members })));
  });

  it("fails when what it names cannot be sent", async () => {
    const { app, run, add } = execution();
    app.bound("other", (self) => self.replace(add.s(1, 1).set({ countdown: 1e12 })));
    expect(await run("other")).toMatchObject({ kind: "failed", error: { type: "ConfigError" } });
  });
});
