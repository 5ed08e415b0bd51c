import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Duration, durationMs, durationText } from "../../../packages/core/src/duration.ts";

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

describe("a duration", () => {
  it("that is a bare number is seconds", () => {
    expect([durationMs(0), durationMs(2), durationMs(0.25)]).toEqual([0, 2_000, 250]);
  });

  it("that is a text carries its unit, and is seconds without one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.constantFrom(...Object.keys(units)), (count, unit) => {
        expect(durationMs(`${count}${unit}` as Duration)).toBe(count * units[unit as keyof typeof units]);
        expect(durationMs(String(count))).toBe(count * 1_000);
      }),
    );
    expect([durationMs("1.5h"), durationMs(".5s"), durationMs(" 90s ")]).toEqual([5_400_000, 500, 90_000]);
  });

  it("is shown in the longest unit of which it is a whole number, and read as what it was", () => {
    expect([250, 90_000, 120_000, 7_200_000, 172_800_000, 0.5].map(durationText)).toEqual(["250ms", "90s", "2m", "2h", "2d", "0.5ms"]);
    fc.assert(fc.property(fc.nat(), (ms) => durationMs(durationText(ms)) === ms));
  });

  it.each(["", "soon", "5 s", "-1s", "1w", "1e3s", "ms", "1s2m", "0x10", "Infinity"])("refuses %j", (text) => {
    expect(() => durationMs(text, "countdown")).toThrow(expect.objectContaining({ code: "CONFIG_DURATION" }));
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e306])("refuses the number %s and says which it was", (seconds) => {
    expect(() => durationMs(seconds, "countdown")).toThrow(
      expect.objectContaining({ code: "CONFIG_DURATION", message: expect.stringContaining(`countdown is ${seconds}:`) }),
    );
  });

  it.each([[null], [true], [5n], [{}], [["1s"]]])("refuses %s, which a caller without types may give", (value) => {
    expect(() => durationMs(value as never)).toThrow(expect.objectContaining({ code: "CONFIG_DURATION" }));
  });
});
