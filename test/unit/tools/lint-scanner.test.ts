/** The lint reads imports and code from source text as a compiler would. */
import { describe, expect, it } from "vitest";
import { importsOf } from "../../../tools/lint/imports.ts";
import { skeletonOf } from "../../../tools/lint/skeleton.ts";

const scan = (text: string) => importsOf(text, skeletonOf(text)).map(({ kind, specifier, line }) => `${kind} ${specifier} ${line}`);

describe("importsOf", () => {
  it.each([
    ['import "a";', ["value a 1"]],
    ["import a from 'a';", ["value a 1"]],
    ['import * as a from "a";', ["value a 1"]],
    ['import a, { type B, c as d } from "a";', ["value a 1"]],
    ['import type { A } from "a";', ["type a 1"]],
    ['import { type A, type B } from "a";', ["type a 1"]],
    ['import type from "a";', ["value a 1"]],
    [
      'export * from "a";\nexport * as b from "b";\nexport { c } from "c";\nexport type { d } from "d";',
      ["value a 1", "value b 2", "value c 3", "type d 4"],
    ],
    ['import {\n  // one\n  a,\n  b, // "two"\n} from "a";', ["value a 5"]],
    ['const a = await import("a"); type B = typeof import("b");', ["lazy a 1", "lazy b 1"]],
    ['export const a = "x from y";\nexport function from(b: string) {}\nArray.from("c");', []],
    ['// import "a";\n/* import "b"; */\nconst c = `import "c"`;\nconst d = \'import "d"\';', []],
    ["const a = `${`${1}`}`; import 'b';", ["value b 1"]],
    ["const a = b / c; import 'd'; const e = f / g;", ["value d 1"]],
    ["const a = /[/'\"]/; import 'b';", ["value b 1"]],
    ["const a = (b) / 2; const c = `'`; import 'd';", ["value d 1"]],
    ['import.meta.resolve("a");', []],
    ['import a from "a" with { type: "json" };', ["value a 1"]],
  ])("%s", (text, expected) => {
    expect(scan(text)).toEqual(expected);
  });
});

describe("skeletonOf", () => {
  it("keeps length and lines, and drops what is not code", () => {
    const text = 'a("🌍"); // b\n/* c\n*/ d(`e${f({})}g`, /h\\/i/u);';
    const skeleton = skeletonOf(text);
    expect(skeleton).toHaveLength(text.length);
    expect(skeleton.replaceAll(/ +/g, " ")).toBe('a(" "); \n \n d(` ${f({})} `, / /u);');
  });
});
