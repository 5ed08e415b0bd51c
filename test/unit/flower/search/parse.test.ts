import { describe, expect, it } from "vitest";
import { parseSearch } from "../../../../packages/flower/src/server/search/parse.ts";

const text = (field: string, word: string) => ({ kind: "text", field, text: word });

describe("parseSearch", () => {
  it("asks for nothing where nothing is written", () => {
    for (const empty of ["", "  ", "\n\t"]) expect(parseSearch(empty)).toBeNull();
  });

  it.each([
    ["word", text("any", "word")],
    ["name:add args:one", { kind: "and", of: [text("name", "add"), text("args", "one")] }],
    ["one1 AND two2 OR three", { kind: "or", of: [{ kind: "and", of: [text("any", "one1"), text("any", "two2")] }, text("any", "three")] }],
    ["(one1 OR two2) three", { kind: "and", of: [{ kind: "or", of: [text("any", "one1"), text("any", "two2")] }, text("any", "three")] }],
    ['result:"connection refused"', text("result", "connection refused")],
    ['"say \\"no\\" \\\\ now"', text("any", 'say "no" \\ now')],
    ['"AND"', text("any", "AND")],
    ["NAME:add", text("name", "add")],
    ["queue:mail exception:KeyError", { kind: "and", of: [text("queue", "mail"), text("exception", "KeyError")] }],
    ["uuid:a1b2", text("uuid", "a1b2")],
    ["state:ok", { kind: "is", field: "state", text: "ok" }],
    ["kwargs: a", null],
    ["kwargs:k=v", { kind: "pair", key: "k", value: "v" }],
    ['kwargs:"k = a b"', { kind: "pair", key: "k", value: "a b" }],
    ["kwargs:key", text("kwargs", "key")],
    ["color:red", text("any", "color:red")],
    ["http://box/a", text("any", "http://box/a")],
    ["-word", { kind: "not", of: text("any", "word") }],
    ["-state:SUCCESS", { kind: "not", of: { kind: "is", field: "state", text: "SUCCESS" } }],
    ['-"two words"', { kind: "not", of: text("any", "two words") }],
    [
      "one1 -(two2 three)",
      { kind: "and", of: [text("any", "one1"), { kind: "not", of: { kind: "and", of: [text("any", "two2"), text("any", "three")] } }] },
    ],
    ["args:-12", text("args", "-12")],
    ['"-12"', text("any", "-12")],
    ["a-b", text("any", "a-b")],
  ])("reads %s", (search, expected) => {
    if (expected === null) expect(() => parseSearch(search)).toThrow();
    else expect(parseSearch(search)).toEqual(expected);
  });

  it.each([
    ["(", "Expected a search term at position 1."],
    [")", "Expected a search term at position 0."],
    ["()", "Empty group at position 0."],
    ["(word", "Missing closing parenthesis at position 0."],
    ["word)", "Unexpected ')' at position 4."],
    ['"word', "Unterminated quoted phrase at position 0."],
    ['""', "Empty search term at position 0."],
    ["NOT word", "NOT is not supported at position 0."],
    ["word OR", "OR must be followed by a search term at position 5."],
    ["word AND OR", "AND must be followed by a search term at position 5."],
    ["OR word", "Expected a search term at position 0."],
    ["ab", "Substring search terms must contain at least 3 characters at position 0."],
    ["word name:", "Search qualifier requires a value at position 5."],
    ["😀😀😀 ab", "Substring search terms must contain at least 3 characters at position 4."],
    ["((((((word))))))", "Query nesting exceeds 5 levels at position 5."],
    ["w".repeat(2_049), "Query exceeds 2048 characters."],
    ["word ".repeat(129), "Query exceeds 128 tokens."],
  ])("refuses %s", (search, problem) => {
    expect(() => parseSearch(search)).toThrow(expect.objectContaining({ name: "SearchProblem", message: problem }));
  });
});
