import { expect, it } from "vitest";
import { logicalDateText, runIdOf } from "../../../../../packages/airflow-bridge/src/dag/runs/run-id.ts";

const at = Date.UTC(2026, 2, 29, 1);

it("spells ids of runs as Airflow 3", () => {
  expect(runIdOf("scheduled", at)).toBe("scheduled__2026-03-29T01:00:00+00:00");
  expect(runIdOf("backfill", at + 41)).toBe("backfill__2026-03-29T01:00:00.041000+00:00");
});

it("tells runs by hand of one moment apart", () => {
  const ids = Array.from({ length: 100 }, () => runIdOf("manual", at));
  for (const id of ids) expect(id).toMatch(/^manual__2026-03-29T01:00:00\+00:00_[A-Za-z0-9]{8}$/);
  expect(new Set(ids).size).toBe(100);
});

it("spells dates as Python's str()", () => {
  expect([at, at + 5].map(logicalDateText)).toEqual(["2026-03-29 01:00:00+00:00", "2026-03-29 01:00:00.005000+00:00"]);
});
