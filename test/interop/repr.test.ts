/** Arguments shown as Python shows them: held against the repr of a real Python for generated values. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { isSecretKey } from "../../packages/core/src/redact.ts";
import { reprArgs, reprKwargs } from "../../packages/core/src/repr.ts";
import { encodeJson } from "../../packages/core/src/serializers/json.ts";
import { debianPython } from "../support/install.ts";

/** Characters whose kind no version of Unicode has changed. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x2ff }).map((code) => String.fromCharCode(code)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("'", '"', "\\", "\n", "\u2028", "\u200b", "\u3000", "\ufeff", "\ue000", "\ud800", "日", "😀", "\u{e0001}"),
  },
);
const text = fc.array(character, { maxLength: 12 }).map((characters) => characters.join(""));
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: -1, max: 1 }),
  fc.constantFrom(
    0,
    -0,
    1e15,
    1e16,
    1e20,
    1e21,
    123456789012345680000,
    0.1,
    0.0001,
    0.00012345,
    0.00001,
    1e-6,
    1e-7,
    5e-324,
    1.7976931348623157e308,
  ),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number,
    text,
    tie("list"),
    tie("object"),
  ),
  list: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.dictionary(
    text.filter((key) => !isSecretKey(key)),
    tie("value"),
    { maxKeys: 4 },
  ),
}));

const program = `
import json, sys
values = json.load(sys.stdin)
json.dump([[repr(tuple(args)), repr(kwargs)] for args, kwargs in values], sys.stdout)
`;

it("shows arguments as Python's own repr does", () => {
  const whole = (args: readonly unknown[]) => reprArgs(args).length < 1_000 && reprKwargs({ args }).length < 1_000;
  const samples = fc
    .sample(fc.array(value, { maxLength: 4 }), { numRuns: 800, seed: 20260102 })
    .filter(whole)
    .map((args) => [args, { args }] as const);
  expect(samples.length).toBeGreaterThan(500);
  const output = execFileSync(debianPython, ["-c", program], {
    input: encodeJson(samples, "samples"),
    encoding: "utf8",
    env: { PYTHONIOENCODING: "utf-8" },
    maxBuffer: 64 * 1024 * 1024,
  });
  const theirs = JSON.parse(output) as readonly (readonly [string, string])[];
  expect(samples.map(([args, kwargs]) => [reprArgs(args), reprKwargs(kwargs)])).toEqual(theirs);
});
