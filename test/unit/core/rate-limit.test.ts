import { expect, it } from "vitest";
import { readRateLimit } from "../../../packages/core/src/rate-limit.ts";

it.each<[unknown, number | null]>([
  ["10/s", 10],
  ["100/m", 100 / 60],
  ["1/h", 1 / 3_600],
  ["2.5/s", 2.5],
  [" 10 / m ", 10 / 60],
  ["10", 10],
  [0.5, 0.5],
  [0, null],
  ["0/m", null],
  [null, null],
])("%j is %s runs a second", (written, rate) => {
  expect(readRateLimit(written)).toBe(rate);
});

it.each([undefined, "", "lots/x", "10/d", "-1/s", -1, Number.NaN, Number.POSITIVE_INFINITY, "1e3/s", "/s", true, {}])(
  "%j is no rate",
  (written) => {
    expect(readRateLimit(written)).toBeUndefined();
  },
);
