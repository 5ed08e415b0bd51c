/** How many instances inputs make in a run, and with which arguments. */
import { describe, expect, it } from "vitest";
import {
  mappedLength,
  type RunValues,
  resolveInputs,
  tasksRead,
} from "../../../../../packages/airflow-bridge/src/dag/decision/resolve-inputs.ts";
import type { Input } from "../../../../../packages/airflow-bridge/src/dag/definition/input.ts";

const given: Readonly<Record<string, readonly unknown[]>> = {
  rows: [["a", "b", "c"]],
  two: [[1, 2]],
  nested: [{ list: [{ x: 7 }] }],
  mapped: [1, 3],
  none: [],
};
const day = new Date("2026-03-01");
const values: RunValues = {
  xcoms: (taskId) => given[taskId]!,
  run: { runId: "manual__1", logicalDate: day, intervalStart: day, intervalEnd: day, params: { table: "t" } },
};
const xcom = (taskId: string, ...path: string[]): Input => ({ kind: "xcom", taskId, list: false, path });
const listOf = (taskId: string, ...path: string[]): Input => ({ kind: "xcom", taskId, list: true, path });
const value = (given: unknown): Input => ({ kind: "value", value: given });
const each = (list: Input): Input => ({ kind: "each", list });

/** The arguments of all instances. */
function instances(...inputs: readonly Input[]): readonly unknown[] {
  return Array.from({ length: mappedLength(inputs, values)! }, (_, at) => resolveInputs(inputs, values, at));
}

describe("arguments", () => {
  it("are values, what a task gave or parts of it, lists of a mapped task, and what a run has", () => {
    const inputs = [value(5), xcom("two"), xcom("nested", "list", "0", "x"), listOf("mapped"), listOf("mapped", "1")];
    expect(resolveInputs(inputs, values, -1)).toEqual([5, [1, 2], 7, [1, 3], 3]);
    const ofRun: Input[] = [
      { kind: "run", key: "runId", path: [] },
      { kind: "run", key: "params", path: ["table"] },
    ];
    expect(resolveInputs(ofRun, values, -1)).toEqual(["manual__1", "t"]);
    expect(mappedLength(inputs, values)).toBe(null);
  });

  it("are undefined where nothing was given", () => {
    expect(resolveInputs([xcom("none"), xcom("none", "x"), listOf("none"), xcom("two", "x", "y")], values, -1)).toEqual([
      undefined,
      undefined,
      [],
      undefined,
    ]);
  });

  it("know whose XComs they need", () => {
    const inputs = [value(1), xcom("a"), each({ kind: "zip", lists: [listOf("b"), xcom("a", "x")] }), each(xcom("c"))];
    expect([...tasksRead(inputs)]).toEqual(["a", "b", "c"]);
  });
});

describe("a mapped task", () => {
  it("has an instance per item, of the cross product the last running fastest", () => {
    expect(instances(each(xcom("two")), value("x"))).toEqual([
      [1, "x"],
      [2, "x"],
    ]);
    expect(instances(each(xcom("two")), each(xcom("rows")))).toEqual([
      ...["a", "b", "c"].map((row) => [1, row]),
      ...["a", "b", "c"].map((row) => [2, row]),
    ]);
  });

  it("has one per pair of what is zipped, up to the shortest list", () => {
    expect(instances(each({ kind: "zip", lists: [xcom("rows"), xcom("two")] }))).toEqual([[["a", 1]], [["b", 2]]]);
    expect(resolveInputs([{ kind: "zip", lists: [xcom("two"), value([])] }], values, -1)).toEqual([[]]);
  });

  it("may be mapped over what a mapped task gave, and over parts", () => {
    expect(instances(each(listOf("mapped")))).toEqual([[1], [3]]);
    expect(instances(each(xcom("nested", "list")))).toEqual([[{ x: 7 }]]);
  });

  it("has none where a list is empty", () => {
    expect(mappedLength([each(xcom("two")), each(listOf("none"))], values)).toBe(0);
  });

  it("has 1024 at most", () => {
    const many = value(Array(32).fill(0));
    expect(mappedLength([each(many), each(many)], values)).toBe(1_024);
    expect(() => mappedLength([each(many), each(many), each(xcom("two"))], values)).toThrow(
      expect.objectContaining({ code: "DAG_MAP_LENGTH", message: expect.stringContaining("2048") }),
    );
    expect(() => mappedLength([each(xcom("two"))], values, 1)).toThrow(expect.objectContaining({ code: "DAG_MAP_LENGTH" }));
  });

  it.each<[what: string, list: Input, text: string]>([
    ["a text", value("abc"), "got a string"],
    ["nothing", xcom("none"), "from none, got nothing"],
    ["an object", xcom("nested"), "from nested, got an object"],
    ["a part that is no list", xcom("nested", "list", "0", "x"), "from nested.list.0.x, got a number"],
  ])("is not mapped over %s", (_what, list, text) => {
    expect(() => mappedLength([each(list)], values)).toThrow(
      expect.objectContaining({ code: "DAG_MAP_VALUE", message: expect.stringContaining(text) }),
    );
  });

  it("has no arguments for an instance that its list has no item for", () => {
    expect(() => resolveInputs([each(xcom("two"))], values, 2)).toThrow(expect.objectContaining({ code: "DAG_MAP_VALUE" }));
    expect(() => resolveInputs([each(listOf("none"))], values, 0)).toThrow(expect.objectContaining({ code: "DAG_MAP_VALUE" }));
  });
});
