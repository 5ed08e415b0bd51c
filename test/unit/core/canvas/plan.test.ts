/** What is sent for a composite, and what is not sent before its time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chain, chainOf } from "../../../../packages/core/src/canvas/chain.ts";
import { chord, chordOf } from "../../../../packages/core/src/canvas/chord.ts";
import { chordJson, groupJson } from "../../../../packages/core/src/canvas/composite.ts";
import { freeze } from "../../../../packages/core/src/canvas/freeze.ts";
import { group, groupOf } from "../../../../packages/core/src/canvas/group.ts";
import { type PlannedSend, plan } from "../../../../packages/core/src/canvas/plan.ts";
import type { Signature } from "../../../../packages/core/src/canvas/signature.ts";
import { encodeMessage } from "../../../../packages/core/src/message.ts";
import type { SignatureJson } from "../../../../packages/core/src/step.ts";
import { countingContext, planOf, taskNamed } from "../../../support/canvas.ts";
import { goldenNowMs } from "../../../support/golden.ts";

const add = taskNamed<[x: number, y: number], number>("add");
const sum = taskNamed<[xs: readonly number[]], number>("sum");
const echo = taskNamed<[value: unknown], unknown>("echo");
const oops = taskNamed<[id: string], void>("oops");

const json = (signature: object) => (signature as { toJSON(): SignatureJson }).toJSON();
const idOf = ({ message }: PlannedSend) => message.id;
const tasksOf = (list: readonly SignatureJson[] | null) => list?.map(({ task, args }) => `${task}(${args.join()})`);

describe("a chain", () => {
  it("is sent as its first step, in which the others lie, the next one last, with their ids", () => {
    const { sends, opens, result } = planOf(chain(add.s(1, 2), add.s(3), add.s(4)));
    expect(opens).toEqual([]);
    expect(sends).toHaveLength(1);
    const { message } = sends[0]!;
    expect(message).toMatchObject({ task: "add", id: "1", args: [1, 2], rootId: "1", parentId: null, replyTo: "reply" });
    expect(tasksOf(message.embed.chain)).toEqual(["add(4)", "add(3)"]);
    expect(message.embed.chain?.map(({ options }) => options)).toEqual([
      { task_id: "3", reply_to: "reply" },
      { task_id: "2", reply_to: "reply" },
    ]);
    expect(result).toEqual([["3", [["2", [["1", null], null]], null]], null]);
  });

  it("melts with the chains in it", () => {
    const flat = planOf(chain(add.s(1, 2), chain(add.s(3), add.s(4)), chainOf(add.s(5), [add.s(6)])));
    expect(tasksOf(flat.sends[0]!.message.embed.chain)).toEqual(["add(6)", "add(5)", "add(4)", "add(3)"]);
    expect(json(chain(add.s(1, 2))).task).toBe("add");
  });

  it("gives its options to the first step, its id and callbacks to the last, its error callbacks to each", () => {
    const signature = chain(add.s(1, 2), add.s(3)).set({ queue: "q", priority: 3, taskId: "mine" }).link(echo.s()).onError(oops.s());
    const { sends, result } = planOf(signature);
    const { message, route } = sends[0]!;
    expect([route.routingKey, message.priority, message.embed.callbacks]).toEqual(["q", 3, null]);
    expect(tasksOf(message.embed.errbacks)).toEqual(["oops()"]);
    expect(message.embed.chain?.[0]?.options).toEqual({
      task_id: "mine",
      reply_to: "reply",
      link: [json(echo.s())],
      link_error: [json(oops.s())],
    });
    expect(result[0][0]).toBe("mine");
  });

  it("gets the arguments that are given in front of its first step's, if that takes any", () => {
    const given = { args: [9], kwargs: { k: 1 } };
    expect(planOf(chain(add.s(1), add.s(2)), given).sends[0]!.message).toMatchObject({ args: [9, 1], kwargs: { k: 1 } });
    expect(planOf(chain(add.si(1, 1), add.s(2)), given).sends[0]!.message).toMatchObject({ args: [1, 1], kwargs: {} });
  });

  it("goes on behind what it is a step of", () => {
    const rest = [json(add.s(7).set({ taskId: "last" })), json(add.s(6).set({ taskId: "next" }))];
    const step = planOf(add.s(5), { args: [1], chain: rest }).sends[0]!.message;
    expect([step.args, step.embed.chain]).toEqual([[1, 5], rest]);
    const callback = planOf(chain(add.s(4), add.s(5)), { args: [1], chain: rest }).sends[0]!.message;
    expect(tasksOf(callback.embed.chain)).toEqual(["add(7)", "add(6)", "add(5)"]);
    // A group that something follows is the header of a chord.
    const { opens, sends } = planOf(group(add.s(4), add.s(5)), { args: [1], chain: rest });
    expect(opens).toMatchObject([{ size: 2, members: sends.map(idOf) }]);
    expect(JSON.parse(opens[0]!.body).kwargs.tasks).toMatchObject([{ args: [6] }, { args: [7] }]);
  });
});

describe("a group", () => {
  it("is sent member by member, each with the group's id and its index", () => {
    const { sends, result } = planOf(group(add.s(1, 2), chain(add.s(3, 4), add.s(5))).set({ queue: "q", taskId: "g" }));
    const [first, second] = sends.map(({ message }) => message);
    expect(sends.map(({ route }) => route.routingKey)).toEqual(["q", "q"]);
    expect(first).toMatchObject({ args: [1, 2], group: "g", groupIndex: 0, rootId: first!.id });
    expect(second).toMatchObject({ args: [3, 4], group: null, groupIndex: null });
    const [last] = second!.embed.chain!;
    expect(last?.options).toMatchObject({ group_id: "g", group_index: 1 });
    expect(result).toEqual([
      ["g", null],
      [
        [[first!.id, null], null],
        [[last?.options["task_id"], [[second!.id, null], null]], null],
      ],
    ]);
  });

  it("of a group is one on the wire, and two in its result", () => {
    const { sends, result } = planOf(group(add.s(1, 1), group(add.s(2, 2), add.s(3, 3))).set({ taskId: "g" }));
    expect(sends.map(({ message }) => [message.group, message.groupIndex])).toEqual([
      ["g", 0],
      ["g", 1],
      ["g", 2],
    ]);
    const [one, two, three] = sends.map((sent) => [[idOf(sent), null], null]);
    expect(result[1]).toEqual([
      one,
      [
        [expect.any(String), null],
        [two, three],
      ],
    ]);
  });

  it("gives each of its members what the step before it gave, and ends a chain", () => {
    const { sends, result } = planOf(chain(add.s(1, 2), group(add.s(3), add.s(4))));
    const [last] = sends[0]!.message.embed.chain!;
    expect(last).toMatchObject({ task: "celery.group", options: { task_id: result[0][0] } });
    const then = plan(countingContext(), last!, { args: [3] });
    expect(then.sends.map(({ message }) => [message.args, message.group, message.id])).toEqual([
      [[3, 3], result[0][0], result[1]![0]![0][0]],
      [[3, 4], result[0][0], result[1]![1]![0][0]],
    ]);
    expect(result[0][1]).toEqual([[sends[0]!.message.id, null], null]);
  });

  it("has no callback, but a chord behind it; its error callbacks are each member's", () => {
    const both = group(add.s(1, 1), add.s(2, 2));
    expect(() => both.link(echo.s())).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(planOf(both.onError(oops.s())).sends.map(({ message }) => tasksOf(message.embed.errbacks))).toEqual([["oops()"], ["oops()"]]);
    expect(json(both.pipe(sum.s()))).toMatchObject({ task: "celery.chord", kwargs: { body: { task: "sum" } } });
  });

  it("of none sends nothing", () => {
    expect(plan(countingContext(), groupJson([]))).toMatchObject({ opens: [], sends: [], result: [["1", null], []] });
  });
});

describe("a chord", () => {
  it("is opened with the ids of those it waits for, and each of them carries the body", () => {
    const { opens, sends, result } = planOf(chord([add.s(1, 1), add.s(2, 2)], sum.s()).set({ taskId: "body" }));
    const [{ id, body, ...rest }] = opens as [(typeof opens)[0]];
    expect(rest).toEqual({ size: 2, members: sends.map(idOf), dueAt: goldenNowMs, expiresMs: 86_400_000 });
    const frozen = { ...json(sum.s()), options: { task_id: "body", reply_to: "reply" } };
    expect(JSON.parse(body)).toEqual(frozen);
    for (const [index, { message }] of sends.entries())
      expect(message).toMatchObject({ group: id, groupIndex: index, embed: { chord: frozen } });
    expect(result).toEqual([["body", [[id, null], sends.map((sent) => [[idOf(sent), null], null])]], null]);
  });

  it("is kept until its last member is due, and as long as a result from then on", () => {
    const { opens } = planOf(chord([add.s(1, 1).set({ countdown: 60 }), add.s(2, 2)], sum.s()));
    expect(opens).toMatchObject([{ dueAt: goldenNowMs + 60_000, expiresMs: 86_460_000 }]);
    expect(planOf(chord([add.s(1, 1)], sum.s()), {}, { resultExpiresMs: null }).opens).toMatchObject([{ expiresMs: null }]);
  });

  it("of none sends its body at once, with no results", () => {
    const { opens, sends, result } = planOf(chordOf<number, number>([], sum.s()));
    expect([opens, sends.map(({ message }) => message.args)]).toEqual([[], [[[]]]]);
    expect(result[0][0]).toBe(idOf(sends[0]!));
  });

  it("in a chain waits for the steps before it, and has those behind it in its body", () => {
    const signature = chain(add.s(1, 1), group(add.s(2), add.s(3)), sum.s(), add.s(4));
    const { sends, opens, result } = planOf(signature);
    expect(opens).toEqual([]);
    const [only] = sends[0]!.message.embed.chain!;
    const then = plan(countingContext({ nextId: () => expect.unreachable() }), only!, { args: [2] });
    expect(then.sends.map(({ message }) => message.args)).toEqual([
      [2, 2],
      [2, 3],
    ]);
    expect(tasksOf(JSON.parse(then.opens[0]!.body).kwargs.tasks)).toEqual(["sum()", "add(4)"]);
    const [[last, [[before, header]]]] = result as never as [[string, [[string, [[string, unknown], unknown[]]]]]];
    expect(JSON.parse(then.opens[0]!.body).kwargs.tasks.map((task: SignatureJson) => task.options["task_id"])).toEqual([before, last]);
    expect(header[0][0]).toBe(then.opens[0]!.id);
    expect(header[0][1]).toEqual([[idOf(sends[0]!), null], null]);
  });

  it("in a header counts when its body has ended; a chain when its last step has", () => {
    const { opens, sends } = planOf(chord([chord([add.s(1, 1)], sum.s()), chain(add.s(2, 2), add.s(3))], sum.s()));
    expect(opens.map(({ size }) => size)).toEqual([1, 2]);
    const [inner, outer] = opens as [(typeof opens)[0], (typeof opens)[0]];
    const innerBody = JSON.parse(inner.body) as SignatureJson;
    expect(innerBody.options).toMatchObject({ group_id: outer.id, group_index: 0, chord: JSON.parse(outer.body) });
    expect(outer.members[0]).toBe(innerBody.options["task_id"]);
    expect(sends[1]!.message.embed).toMatchObject({ chord: null, chain: [{ options: { group_id: outer.id, group_index: 1 } }] });
    expect(outer.members[1]).toBe(sends[1]!.message.embed.chain?.[0]?.options["task_id"]);
  });

  it("counts a member that ends in a group as one, which gives a list", () => {
    const pair = group(add.s(2, 2), add.s(3, 3));
    const { opens, sends } = planOf(chord([add.s(1, 1), pair, chain(add.s(1, 1), group(add.s(4), add.s(5)))], echo.s()));
    expect(opens.map(({ size }) => size)).toEqual([2, 3]);
    expect(JSON.parse(opens[0]!.body)).toMatchObject({
      task: "celery.accumulate",
      args: [],
      kwargs: { index: 0 },
      options: { group_index: 1 },
    });
    expect(sends.at(-1)!.message.embed.chain).toMatchObject([
      { task: "celery.chord", kwargs: { body: { task: "celery.accumulate", options: { group_index: 2, group_id: opens[1]!.id } } } },
    ]);
  });

  it("of Python's with groups in its header counts all their members, as Celery does", () => {
    const python = chordJson([json(add.s(1, 1)), groupJson([json(add.s(2, 2)), json(chain(add.s(3, 3), add.s(4)))])], json(sum.s()));
    const nested = chordJson([json(add.s(1, 1)), json(chain(add.s(1, 1), group(add.s(2), add.s(3)))), json(add.s(4, 4))], json(sum.s()));
    const flat = plan(countingContext(), python);
    expect(flat.opens).toMatchObject([{ size: 3 }]);
    const ends = (sends: readonly PlannedSend[]) =>
      sends.map(({ message }) => message.groupIndex ?? message.embed.chain?.[0]?.options["group_index"]);
    expect(ends(flat.sends)).toEqual([0, 1, 2]);
    const late = plan(countingContext(), nested);
    expect(late.opens).toMatchObject([{ size: 4 }]);
    // The group that a step of the header ends in opens nothing of its own.
    const inner = plan(countingContext({ nextId: () => expect.unreachable() }), late.sends[1]!.message.embed.chain![0]!, { args: [1] });
    expect(inner.opens).toEqual([]);
    expect(inner.sends.map(({ message }) => [message.group, message.groupIndex, message.embed.chord?.task])).toEqual([
      [late.opens[0]!.id, 1, "sum"],
      [late.opens[0]!.id, 2, "sum"],
    ]);
    expect(ends([late.sends[0]!, late.sends[2]!])).toEqual([0, 3]);
  });

  it("gives its options to header and body, its callbacks and error callbacks to the body", () => {
    const signature = chord([add.s(1, 1)], sum.s())
      .set({ queue: "q" })
      .link(echo.s())
      .onError(oops.s());
    const { sends, opens } = planOf(signature);
    expect([sends[0]!.route.routingKey, sends[0]!.message.embed.errbacks]).toEqual(["q", null]);
    expect(JSON.parse(opens[0]!.body).options).toMatchObject({ queue: "q", link: [{ task: "echo" }], link_error: [{ task: "oops" }] });
  });
});

describe("a signature that was frozen", () => {
  it("keeps its ids, however often it is planned", () => {
    const signature = json(chain(add.s(1, 1), group(add.s(2), chain(add.s(3), add.s(4))), sum.s(), group(echo.s(), echo.s())));
    const once = freeze(signature, countingContext());
    const again = freeze(once.signature, countingContext({ nextId: () => expect.unreachable() }));
    expect(again).toEqual(once);
    expect(plan(countingContext({ nextId: () => expect.unreachable() }), once.signature).result).toEqual(once.result);
  });

  it("takes its id for what ends it", () => {
    const ids = { replyTo: null, nextId: () => "x" };
    const idUnder = (signature: object) => freeze(json(signature), ids, { id: "mine" }).result[0][0];
    expect([add.s(1, 1), chain(add.s(1, 1), add.s(1)), chord([add.s(1, 1)], sum.s()), group(add.s(1, 1))].map(idUnder)).toEqual(
      Array(4).fill("mine"),
    );
  });
});

describe("what is sent", () => {
  const bytesOf = ({ message }: PlannedSend) => encodeMessage(message, goldenNowMs, 1e9).body.byteLength;
  type Any = Signature<[], unknown>;
  const canvas = fc.letrec<{ any: Any }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 6, depthSize: "large" },
      fc.integer().map((n): Any => echo.si(n)),
      fc.array(tie("any"), { minLength: 1, maxLength: 4 }).map((steps): Any => chainOf(steps[0]!, steps.slice(1) as never)),
      fc.array(tie("any"), { maxLength: 4 }).map((members): Any => groupOf(members.length === 0 ? [echo.si(0)] : members)),
      fc.tuple(fc.array(tie("any"), { maxLength: 4 }), tie("any")).map(([header, body]): Any => chordOf(header, body as never)),
    ),
  })).any;

  it("is no larger than its canvas allows, however it is nested", () => {
    fc.assert(
      fc.property(canvas, (signature) => {
        const size = JSON.stringify(signature).length;
        for (const sent of planOf(signature).sends) expect(bytesOf(sent)).toBeLessThan(4 * size + 1_000);
      }),
      { numRuns: 200 },
    );
  });

  it("grows with the canvas, not faster: chains of chords, chords of chords", () => {
    const largest = (signature: { toJSON(): object }) => Math.max(...planOf(signature).sends.map(bytesOf));
    const chords = (count: number) =>
      chainOf<[], unknown>(echo.si(0), Array.from({ length: count }, () => [group(echo.s(), echo.s()), echo.s()] as never[]).flat());
    const nested = (depth: number): Any => (depth === 0 ? echo.si(0) : chord([nested(depth - 1), echo.si(1)], echo.s()));
    expect(largest(chords(200)) / largest(chords(100))).toBeLessThan(2.1);
    expect(largest(nested(200)) / largest(nested(100))).toBeLessThan(2.1);
    expect(planOf(nested(200)).opens).toHaveLength(200);
  });
});
