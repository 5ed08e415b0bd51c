/** What is stamped, and what a visitor is asked. */
import { expect, it } from "vitest";
import { chain } from "../../../../packages/core/src/canvas/chain.ts";
import { chord } from "../../../../packages/core/src/canvas/chord.ts";
import { group } from "../../../../packages/core/src/canvas/group.ts";
import type { StampingVisitor, Stamps } from "../../../../packages/core/src/canvas/stamp.ts";
import { planOf, taskNamed } from "../../../support/canvas.ts";

const add = taskNamed<[x: number, y: number], number>("add");
const sum = taskNamed<[xs: readonly number[]], number>("sum");
const echo = taskNamed<[value: unknown], unknown>("echo");
const oops = taskNamed<[id: string], void>("oops");

/** The stamps of each task in it, in the order of its JSON. */
function stampsIn(signature: object): readonly (readonly [task: string, stamps: Stamps])[] {
  const found: [string, Stamps][] = [];
  JSON.stringify(signature, (_key, value) => {
    const names: unknown = value?.options?.stamped_headers;
    if (Array.isArray(names)) found.push([value.task, Object.fromEntries(names.map((name) => [name, value.options[name]]))]);
    return value;
  });
  return found;
}

const canvas = () => chord([add.s(1, 1).link(echo.s()), chain(add.s(2, 2), add.s(3))], sum.s().onError(oops.s()));

it("stamps are on every task, and on what is linked to it", () => {
  const tasks = ["add", "echo", "add", "add", "sum", "oops"];
  expect(stampsIn(canvas().stamp({ tenant: "a" }))).toEqual(tasks.map((task) => [task, { tenant: "a" }]));
  expect(planOf(add.s(1, 1).stamp({ run: 1 }).stamp({ tenant: "a" })).sends[0]!.message.stamps).toEqual({ run: [1], tenant: ["a"] });
});

it("stamps replace those of the same names, or are put behind them", () => {
  const stamped = () => add.s(1, 1).stamp({ tenant: "a", run: [1] });
  expect(stampsIn(stamped().stamp({ tenant: "b" }))).toEqual([["add", { tenant: "b", run: [1] }]]);
  expect(stampsIn(stamped().stamp({ tenant: "b", run: [2, 3] }, { append: true }))).toEqual([
    ["add", { tenant: ["a", "b"], run: [1, 2, 3] }],
  ]);
});

it("a visitor is asked of each part from the outside in, told what it has so far, and of what is linked to it", () => {
  const asked: [string, string, Stamps][] = [];
  const says =
    (what: string, added?: Stamps) =>
    (part: { readonly task: string }, stamps: Stamps): Stamps | undefined => {
      asked.push([what, part.task, stamps]);
      return added;
    };
  const visitor = {
    onSignature: says("signature", { by: "task" }),
    onChainStart: says("chain", { by: "chain" }),
    onChainEnd: says("chain end"),
    onGroupStart: says("group", { by: "group", in: ["group"] }),
    onGroupEnd: says("group end"),
    onChordBody: says("body", { body: true }),
    onCallback: says("callback", { linked: true }),
    onErrback: says("errback"),
  } satisfies StampingVisitor;
  const inGroup = { by: "task", in: ["group"] };
  expect(stampsIn(canvas().stamp(visitor))).toEqual([
    ["add", inGroup],
    ["echo", { ...inGroup, linked: true }],
    ["add", inGroup],
    ["add", inGroup],
    ["sum", { by: "task", body: true }],
    ["oops", { by: "task", body: true }],
  ]);
  const group = { by: "group", in: ["group"] };
  const chainStamps = { ...group, by: "chain" };
  expect(asked).toEqual([
    ["group", "celery.group", {}],
    ["callback", "echo", group],
    ["signature", "echo", { ...group, linked: true }],
    ["signature", "add", group],
    ["chain", "celery.chain", group],
    ["signature", "add", chainStamps],
    ["signature", "add", chainStamps],
    ["chain end", "celery.chain", chainStamps],
    ["group end", "celery.group", group],
    ["body", "celery.chord", {}],
    ["errback", "oops", { body: true }],
    ["signature", "oops", { body: true }],
    ["signature", "sum", { body: true }],
  ]);
});

it("a visitor that tells headers from groups is asked of a header as one", () => {
  const visitor: StampingVisitor = {
    onSignature: () => undefined,
    onGroupStart: () => ({ in: "group" }),
    onChordHeaderStart: ({ task }) => ({ in: `header of ${task}` }),
  };
  const both = group(add.s(1, 1), chord([add.s(2, 2)], sum.s()));
  expect(stampsIn(both.stamp(visitor))).toEqual([
    ["add", { in: "group" }],
    ["add", { in: "header of celery.chord" }],
    ["sum", { in: "group" }],
  ]);
});

it("a visitor that says nothing leaves no stamps", () => {
  expect(
    stampsIn(
      canvas()
        .stamp({ onSignature: () => undefined })
        .stamp({}),
    ),
  ).toEqual([]);
});
