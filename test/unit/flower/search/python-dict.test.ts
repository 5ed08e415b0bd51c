import { describe, expect, it } from "vitest";
import { dictPairs } from "../../../../packages/flower/src/server/search/python-dict.ts";

describe("dictPairs", () => {
  it.each([
    ["{}", {}],
    ["{'a': 1, 'b': 'two'}", { a: "1", b: "two" }],
    [`{"it's": 'a "b"'}`, { "it's": 'a "b"' }],
    ["{'n': None, 't': True, 'f': -1.5e+10}", { n: "", t: "True", f: "-1.5e+10" }],
    ["{'l': [1, {'x': ')'}], 'z': (1,)}", { l: "[1, {'x': ')'}]", z: "(1,)" }],
    ["{'e': 'a\\n\\x41\\u00e9\\\\', }", { e: "a\nAé\\" }],
    ["{1: 'one'}", { "1": "one" }],
    [" { 'a' :1 } ", { a: "1" }],
  ])("reads %s", (text, expected) => {
    expect(Object.fromEntries(dictPairs(text) ?? [["read", "nothing"]])).toEqual(expected);
  });

  it.each([
    "",
    "()",
    "[1]",
    "{'a': 1",
    "{'a'}",
    "{'a': 1, ...}",
    "{'a': 'cut",
    "{'a': call()}",
    "{'a': 1} x",
    "{'a': 1 'b': 2}",
    "{'a': [1}",
    "{'a': }",
  ])("finds nothing in %s", (text) => expect(dictPairs(text)).toBeNull());
});
