/** The gate counts what ran, and takes whatever did not run for failed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const program = fileURLToPath(new URL("../../../tools/count-tests.mjs", import.meta.url));
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "celeriac-count-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Outcome = "passed" | "failed" | "skipped";

/** What the gate counts for files with these outcomes, and this exit status of the test run. */
function count(files: readonly (readonly Outcome[] | "broken")[], status: number): string {
  const outcomes = files.flatMap((file) => (file === "broken" ? [] : file));
  const testResults = files.map((file) => {
    const assertions = file === "broken" ? [] : file;
    const isFailed = file === "broken" || assertions.includes("failed");
    return { status: isFailed ? "failed" : "passed", assertionResults: assertions.map((outcome) => ({ status: outcome })) };
  });
  const numPassedTests = outcomes.filter((outcome) => outcome === "passed").length;
  const report = join(folder, "report.json");
  writeFileSync(report, JSON.stringify({ numPassedTests, numTotalTests: outcomes.length, testResults }));
  return execFileSync(process.execPath, [program, report, String(status)], { encoding: "utf8" }).trim();
}

it.each([
  ["passed tests", [["passed", "passed"], ["passed"]], 0, "3 0"],
  ["failed tests", [["passed", "failed"], ["failed"]], 1, "1 2"],
  ["a skipped test as failed", [["passed", "skipped"]], 0, "1 1"],
  ["a file that could not run as failed", [["passed"], "broken"], 1, "1 1"],
  ["a run that ended badly without a failed test as failed", [["passed"]], 1, "1 1"],
] as const)("counts %s", (_, files, status, expected) => {
  expect(count(files, status)).toBe(expected);
});

it("lists what failed with the beginning of its reason, and nothing else", () => {
  const testResults = [
    {
      name: join(process.cwd(), "test/a.test.ts"),
      status: "failed",
      assertionResults: [
        { status: "passed", fullName: "adds" },
        { status: "failed", fullName: "a sum divides", failureMessages: ["\u001b[31mError: by zero\u001b[39m\n    at divide"] },
        { status: "skipped", fullName: "is left out" },
      ],
    },
    { name: join(process.cwd(), "test/b.test.ts"), status: "failed", message: "cannot be read", assertionResults: [] },
  ];
  const [report, list] = [join(folder, "report.json"), join(folder, "list.txt")];
  writeFileSync(report, JSON.stringify({ numPassedTests: 1, numTotalTests: 3, testResults }));
  execFileSync(process.execPath, [program, report, "1", list]);
  const expected = [
    "FAILED test/a.test.ts > a sum divides",
    "    Error: by zero",
    "        at divide",
    "FAILED test/a.test.ts > is left out",
    "    skipped",
    "FAILED test/b.test.ts",
    "    cannot be read",
    "",
  ];
  expect(readFileSync(list, "utf8").split("\n")).toEqual(expected);
});
