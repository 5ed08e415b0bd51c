import { assert, jsonValue, property } from "fast-check";
import { expect, it } from "vitest";
import { readJson } from "../../../../../packages/airflow-bridge/src/dag/connections/json-text.ts";

it("reads what is JSON, and finds the place behind it where more follows", () => {
  assert(
    property(jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(readJson(text)).toEqual({ kind: "value", value: JSON.parse(text) });
      expect(readJson(`\n\t${text} x`)).toEqual({ kind: "broken", line: 2, column: text.length + 3 });
    }),
  );
});

it.each([
  ["", 1, 1],
  ["nul", 1, 1],
  ['{"a": 1,}', 1, 9],
  ['{"a": 1\n "b": 2}', 2, 2],
  ['{"a": [1, 2,, 3]}', 1, 13],
  ['{"a": "open}', 1, 7],
  ['{"a": "bad \\x"}', 1, 7],
  ["{'a': 1}", 1, 2],
  ['{"a": 01}', 1, 8],
  ['{"a": "b"', 1, 10],
  ['{"a" 1}', 1, 6],
])("tells where %s breaks", (text, line, column) => {
  expect(readJson(text)).toEqual({ kind: "broken", line, column });
});
