/**
 * Prints "<passed> <failed>" for Vitest's JSON report and exit status: `node tools/count-tests.mjs <report> <status>`.
 * A skipped test counts as failed, and so does a file that could not run; a bad status with no failed test is one failure.
 */
import { readFileSync } from "node:fs";

const [reportPath, status] = process.argv.slice(2);
const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(reportPath, "utf8"));
const brokenFiles = testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
);
const failed = numTotalTests - numPassedTests + brokenFiles.length;
console.log(`${numPassedTests} ${failed === 0 && status !== "0" ? 1 : failed}`);
