/** When a silent main thread is given up: by questions it had time to answer, never by time alone. */
import { expect, test } from "vitest";
import { MainWatch } from "../../../../packages/core/src/sqlite/main-watch.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function world() {
  const clock = createFakeClock();
  const seen = { asked: 0, silences: [] as number[] };
  const watch = new MainWatch({ clock, ask: () => void seen.asked++, silent: (silentMs) => void seen.silences.push(silentMs) });
  return { clock, seen, watch };
}

test("a main thread that answers is asked now and then, and left alone", () => {
  const { clock, seen, watch } = world();
  watch.adjust(true);
  watch.adjust(true);
  for (let round = 0; round < 100; round++) {
    clock.step(3_000);
    watch.answered();
  }
  expect(seen).toEqual({ asked: 100, silences: [] });
});

test("one that does not answer is asked once, and given up 15 s later", () => {
  const { clock, seen, watch } = world();
  watch.adjust(true);
  clock.step(3_000 + 14_999);
  expect(seen).toEqual({ asked: 1, silences: [] });
  clock.step(1);
  expect(seen).toEqual({ asked: 1, silences: [15_000] });
});

test("each silence is told once, however long it lasts", () => {
  const { clock, seen, watch } = world();
  watch.adjust(true);
  clock.step(100_000);
  watch.answered();
  clock.step(3_000);
  watch.answered();
  clock.step(18_000);
  expect(seen.silences).toEqual([15_000, 15_000]);
});

test("an answer at the last moment counts, and the next silence is counted anew", () => {
  const { clock, seen, watch } = world();
  watch.adjust(true);
  clock.step(17_999);
  watch.answered();
  clock.step(15_000);
  expect(seen).toEqual({ asked: 2, silences: [] });
});

test("nobody is watched before there are claims, nor after them", () => {
  const { clock, seen, watch } = world();
  watch.adjust(false);
  expect(clock.pending).toBe(0);
  watch.adjust(true);
  clock.step(15_000);
  watch.adjust(false);
  expect(clock.pending).toBe(0);
  clock.step(100_000);
  watch.adjust(true);
  clock.step(15_000);
  expect(seen.silences).toEqual([]);
});
