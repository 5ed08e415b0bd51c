/**
 * Prints "<passed> <failed>" for Vitest's JSON report and exit status: `node tools/count-tests.mjs <report> <status> [<list>]`.
 * A skipped test counts as failed, and so does a file that could not run; a bad status with no failed test is one failure.
 * `list` is a file that gets what failed, each with the beginning of its reason: who reads only the end of a long log finds it there.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const [reportPath, status, list] = process.argv.slice(2);
const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(reportPath, "utf8"));
const brokenFiles = testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
);
const failed = numTotalTests - numPassedTests + brokenFiles.length;
if (list !== undefined) writeFileSync(list, testResults.flatMap(failures).join(""));
console.log(`${numPassedTests} ${failed === 0 && status !== "0" ? 1 : failed}`);

function failures(file) {
  const name = relative(process.cwd(), file.name);
  const tests = file.assertionResults.filter((test) => test.status !== "passed");
  if (tests.length === 0) return file.status === "failed" ? [failure(name, file.message ?? "")] : [];
  return tests.map((test) => failure(`${name} > ${test.fullName}`, test.failureMessages?.join("\n") || test.status));
}

function failure(title, reason) {
  const lines = stripVTControlCharacters(reason).trim().split("\n").slice(0, 12);
  return `FAILED ${title}\n${lines.map((line) => `    ${line.slice(0, 300)}\n`).join("")}`;
}
