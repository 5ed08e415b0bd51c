import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInstant, systemClock, toIsoInstant } from "../../../packages/core/src/clock.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

/** Instants that Python can write: years 1 to 9999. */
const instant = fc.integer({ min: Date.parse("0001-01-01T00:00:00Z"), max: Date.parse("9999-12-31T23:59:59.999Z") });

describe("an instant", () => {
  it("is written in UTC with six fraction digits and a numeric offset", () => {
    expect(toIsoInstant(Date.parse("2026-01-02T03:04:05.678Z"))).toBe("2026-01-02T03:04:05.678000+00:00");
    expect(toIsoInstant(Date.parse("2026-01-02T03:04:05Z"))).toBe("2026-01-02T03:04:05.000000+00:00");
    fc.assert(
      fc.property(instant, (at) => {
        expect(toIsoInstant(at)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000\+00:00$/);
      }),
    );
  });

  it("is read back as it was written", () => {
    fc.assert(
      fc.property(instant, (at) => {
        expect(parseInstant(toIsoInstant(at))).toBe(at);
      }),
    );
  });

  it.each([
    ["2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05.678901", "2026-01-02T03:04:05.678Z"],
    ["2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.500Z"],
    ["2026-01-02T03:04:05z", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05+05:30", "2026-01-01T21:34:05.000Z"],
    ["2026-01-02T03:04:05-0800", "2026-01-02T11:04:05.000Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04", "2026-01-02T03:04:00.000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
  ])("is read from %s, as UTC where no offset is given", (text, expected) => {
    expect(new Date(parseInstant(text) ?? Number.NaN).toISOString()).toBe(expected);
  });

  it.each([
    "",
    "soon",
    "tomorrow 5",
    "Jan 2 2026",
    "12",
    "2026",
    "2026-13-01",
    "2026-02-30T00:00:00Z",
    "2026-01-02T25:00:00",
    "1767323045.678",
    "2026-01-02T03:04:05+5",
  ])("is not guessed from %j", (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  it("is not found in any text that is no date", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (text) => {
        expect(/^\d{4}-\d\d-\d\d/.test(text) || parseInstant(text) === null).toBe(true);
      }),
    );
  });
});

describe("the machine's clock", () => {
  it("never steps back, and tells the wall's time", () => {
    const readings = Array.from({ length: 100 }, () => systemClock.monotonic());
    expect([...readings].sort((a, b) => a - b)).toEqual(readings);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  });

  it("fires once, and never after it was cancelled", async () => {
    const fired: string[] = [];
    const cancelled = systemClock.after(0, () => fired.push("cancelled"));
    cancelled.cancel();
    cancelled.cancel();
    await new Promise<void>((resolve) => {
      systemClock.after(0, () => fired.push("once"));
      systemClock.after(2, resolve);
    });
    expect(fired).toEqual(["once"]);
  });

  it("repeats until it is cancelled", async () => {
    let count = 0;
    await new Promise<void>((resolve) => {
      const timer = systemClock.every(
        1,
        () => {
          if (++count < 3) return;
          timer.cancel();
          resolve();
        },
        { background: false },
      );
    });
    expect(count).toBe(3);
  });

  it("does not fire at once for waits that are longer than a timer can be", async () => {
    let fired = false;
    const timer = systemClock.after(2 ** 40, () => {
      fired = true;
    });
    await systemClock.sleep(2);
    timer.cancel();
    expect(fired).toBe(false);
  });

  it("ends a sleep when it is aborted, before or meanwhile", async () => {
    await systemClock.sleep(1e9, AbortSignal.abort());
    const abort = new AbortController();
    const sleeping = systemClock.sleep(1e9, abort.signal);
    abort.abort();
    await sleeping;
    await systemClock.sleep(-1);
  });
});

describe("the clock of tests", () => {
  it("fires timers in the order of their instants, each when its time has come", async () => {
    const clock = createFakeClock();
    const fired: [string, number][] = [];
    const note = (name: string) => () => fired.push([name, clock.monotonic()]);
    clock.after(30, note("late"));
    clock.after(10, () => {
      note("early")();
      clock.after(5, note("set by early"));
    });
    const repeated = clock.every(20, note("every"));
    await clock.advance(40);
    repeated.cancel();
    await clock.advance(100);
    expect(fired).toEqual([
      ["early", 10],
      ["set by early", 15],
      ["every", 20],
      ["late", 30],
      ["every", 40],
    ]);
    expect(clock.pending).toBe(0);
  });

  it("steps the wall's time without waking anybody", async () => {
    const clock = createFakeClock(1_000);
    const sleeping = clock.sleep(10);
    clock.jump(3_600_000);
    await clock.advance(0);
    expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([3_601_000, 0, 1]);
    await clock.advance(10);
    await sleeping;
  });
});
