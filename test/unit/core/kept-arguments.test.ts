/** What a result keeps of arguments with result_extended. */
import { expect, it } from "vitest";
import { contentRules } from "../../../packages/core/src/content.ts";
import { keptArguments } from "../../../packages/core/src/kept-arguments.ts";
import { reprArgs, reprKwargs } from "../../../packages/core/src/repr.ts";

const rules = contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 });

function kept(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>, shown: { argsRepr?: string; kwargsRepr?: string } = {}) {
  const body = new TextEncoder().encode(JSON.stringify([args, kwargs, {}]));
  const headers = { argsRepr: reprArgs(args), kwargsRepr: reprKwargs(kwargs), ...shown };
  return keptArguments({ body, contentType: "application/json", headers: {} }, headers, rules);
}

it("is they themselves, however long", () => {
  expect(kept([1, "two", [3]], { four: { five: null } })).toEqual({ args: [1, "two", [3]], kwargs: { four: { five: null } } });
  const long = "x".repeat(5_000);
  expect(kept([long], {})).toEqual({ args: [long], kwargs: {} });
});

it("is what their sender shows in their place", () => {
  expect(kept(["4111 1111"], { pin: 1 }, { argsRepr: "('4111 …',)" })).toEqual({ args: "('4111 …',)", kwargs: { pin: 1 } });
});

it("is text where a key names a secret", () => {
  expect(kept([{ password: "hunter2" }], { token: "abc" })).toEqual({
    args: "({'password': '********'},)",
    kwargs: "{'token': '********'}",
  });
});

it("is text where JSON would not give back the same", () => {
  const date = { __type__: "datetime", __value__: "2030-01-01T08:00:00+00:00" };
  const { args } = kept([date], {}, { argsRepr: reprArgs([new Date("2030-01-01T08:00:00Z")]) });
  expect(typeof args).toBe("string");
});

it("is text where nobody can read the body", () => {
  const headers = { argsRepr: "(1,)", kwargsRepr: "{}" };
  const body = new TextEncoder().encode("no JSON");
  expect(keptArguments({ body, contentType: "application/json", headers: {} }, headers, rules)).toEqual({ args: "(1,)", kwargs: "{}" });
});
