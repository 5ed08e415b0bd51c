/** Figures, lengths and points of time as the pages write them. */
import { expect, it } from "vitest";
import { ago, duration } from "../../../../packages/flower/src/web/format/duration.ts";
import { brief, exact, onAxis, parseIso } from "../../../../packages/flower/src/web/format/instant.ts";
import { bytes, count, counted, percent, rate, shortCount } from "../../../../packages/flower/src/web/format/number.ts";

it.each([
  [0, "0 s"],
  [0.0004, "< 1 ms"],
  [0.34, "340 ms"],
  [0.9996, "1 s"],
  [1.239, "1.24 s"],
  [59.96, "1 min"],
  [184, "3 min 4 s"],
  [7_260, "2 h 1 min"],
  [200_000, "2 d 7 h"],
])("writes %d seconds as %s", (seconds, text) => expect(duration(seconds)).toBe(text));

it.each([
  [0.2, "just now"],
  [5, "5 s ago"],
  [61, "1 min ago"],
  [90_000, "1 d ago"],
  [-30, "in 30 s"],
])("says of what was %d seconds ago: %s", (seconds, text) => expect(ago(seconds)).toBe(text));

it("keeps numbers readable and honest", () => {
  expect([count(1_234_567), shortCount(9_999), shortCount(1_234_567)]).toEqual(["1,234,567", "9,999", "1.23M"]);
  expect([percent(0), percent(0.0004), percent(0.041), percent(0.5)]).toEqual(["0 %", "< 0.1 %", "4.1 %", "50 %"]);
  expect([rate(0), rate(0.02), rate(42.314), rate(1_234)].map(({ figure, unit }) => figure + unit)).toEqual([
    "0/s",
    "1.2/min",
    "42.3/s",
    "1,234/s",
  ]);
  expect([counted(1, "task"), counted(3, "task"), counted(2, "child", "children")]).toEqual(["1 task", "3 tasks", "2 children"]);
  expect([bytes(512), bytes(123_456), bytes(186_720_256)]).toEqual(["512 B", "121 KiB", "178 MiB"]);
});

it("writes a point in time in the zone that is asked for", () => {
  const at = Date.UTC(2026, 10, 22, 14, 3, 22, 123) / 1000;
  expect(brief(at, at + 60, "UTC")).toBe("14:03:22");
  expect(brief(at, at + 60, "Asia/Tokyo")).toBe("23:03:22");
  expect(brief(at, at + 86_400, "UTC")).toBe("22 Nov, 14:03");
  expect(brief(at, at + 40 * 86_400, "UTC")).toBe("22 Nov 2026");
  expect(exact(at, "UTC")).toBe("2026-11-22 14:03:22.123 UTC");
  expect([onAxis(at, 3_600, "UTC"), onAxis(at, 864_000, "UTC")]).toEqual(["14:03", "22 Nov, 14:03"]);
  expect([parseIso("2026-11-22T14:03:22.123Z"), parseIso("soon")]).toEqual([at, null]);
});
