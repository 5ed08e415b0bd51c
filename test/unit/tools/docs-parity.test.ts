/** The page for who comes from Celery is held to the code and to the tests that it names. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parityProblems, withCounts } from "../../../tools/docs/parity.ts";
import { parityRows } from "../../../tools/docs/parity-table.ts";
import { testTitles } from "../../../tools/docs/test-titles.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A page with one section of these rows, and nothing else. */
const pageOf = (...rows: readonly string[]) =>
  withCounts(
    [
      "# Page",
      "<!-- counts: written by `npm run docs` -->",
      "",
      "<!-- end of counts -->",
      "## Some section",
      "| Celery | State | Here | Shown by |",
      "| --- | --- | --- | --- |",
      ...rows,
    ].join("\n"),
  );
const problemsOf = (page: string) => parityProblems(root, page).filter((problem) => !problem.includes("does not name"));

describe("docs/celery-parity.md", () => {
  it("says what the code and its tests say", () => {
    expect(parityProblems(root)).toEqual([]);
  });
});

describe("a page of what becomes of Celery", () => {
  it("is right where its states are known, its tests are there and its counts fit", () => {
    const proof = "[are asked of links to tests only](../test/unit/tools/docs-proofs.test.ts)";
    const page = pageOf(`| \`a\`, \`b\` | same | as \\| is | ${proof} |`, "| words | not yet | | |", "| `couchbase_*` | mapped | | |");
    expect(problemsOf(page)).toEqual([]);
    expect(page).toContain("| [Some section](#some-section) | 2 |  | 1 |  | 1 | 4 |");
    expect(page).toContain("| **Everything** | **2** |  | **1** |  | **1** | **4** |");
  });

  it("is told of states, proofs and counts that are wrong, with the line", () => {
    const absent = "[never written](../test/unit/tools/docs-proofs.test.ts)";
    const page = pageOf("| `a` | almost | | |", "| `b` | better | more | |", `| \`c\` | mapped | | ${absent} |`);
    const first = page.split("\n").findIndex((line) => line.startsWith("| `a`")) + 1;
    expect(problemsOf(page)).toEqual([
      `docs/celery-parity.md:${first} has the state "almost", which is none of same, better, mapped, not applicable, not yet`,
      `docs/celery-parity.md:${first + 1} says better of b, and no test shows it`,
      `docs/celery-parity.md:${first + 2} says that a test "never written" is in ../test/unit/tools/docs-proofs.test.ts, where there is none`,
    ]);
    expect(problemsOf(page.replace("**1**", "**7**"))).toContain("docs/celery-parity.md counts its rows wrongly: run `npm run docs`");
  });

  it("is told of names of the code that it leaves out", () => {
    const problems = parityProblems(root, pageOf("| `task_routes` | mapped | | |", "| `beat_*`, `maxRetries` | not yet | | |"));
    const missing = (name: string) => problems.includes(`docs/celery-parity.md does not name ${name}, which the code has`);
    expect(["task_routes", "beat_schedule", "maxRetries"].filter(missing)).toEqual([]);
    const names = ["task_queues", "publishTimeout", "softTimeLimit", "countdown", "ping", "purge", "--grace", "taskFailure"];
    expect(names.filter(missing)).toEqual(names);
  });

  it("has rows in its own tables only", () => {
    expect(parityRows("## A\n| x | y |\n| --- | --- |\n| `a` | same |\n")).toEqual([]);
  });
});

it("titles of a test file are those of it, test and describe, however they are made", () => {
  const source = [
    'describe("one", () => {',
    'it.each([["not a title", 1]])("two %s", () => {});',
    "test(`three ${n}`, () => {});",
    'it.each([\n  ["x", "y"],\n] as const)(\n  "four",\n  () => {});',
    'it("with \\"marks\\"", () => {});',
    'expect(call("no title", 1));',
  ].join("\n");
  expect(testTitles(source)).toEqual(["one", "two %s", "three ${n}", "four", 'with "marks"']);
});
