/** What real task instances wait for, beside what is computed here. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type FailedTry, type RetryRules, retryDelayMs } from "../../../../../packages/airflow-bridge/src/dag/decision/retry.ts";

interface Table {
  readonly tries: readonly number[];
  readonly keys: readonly (FailedTry & RetryRules & { readonly waits: readonly number[] })[];
}

const { tries, keys } = JSON.parse(
  readFileSync(new URL("../../../../golden/airflow/dag/retry-delays.json", import.meta.url), "utf8"),
) as Table;

it("waits as long as Airflow before each next try", () => {
  const ours = keys.map(({ waits, ...key }) => ({ ...key, waits: tries.map((tryNumber) => retryDelayMs({ ...key, tryNumber }, key)) }));
  expect(ours).toEqual(keys);
  expect([keys.length, tries.slice(0, 10)]).toEqual([50, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]);
  expect(new Set(keys.map(({ dagId, taskId, logicalDate }) => `${dagId} ${taskId} ${logicalDate}`)).size).toBe(50);
});
