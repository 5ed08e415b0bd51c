import { expect, test } from "vitest";
import { createHandedBack } from "../../../../packages/core/src/brokers/amqp/handed-back.ts";
import { type Clock, systemClock } from "../../../../packages/core/src/clock.ts";

function createClock(): Clock & { advance(ms: number): void } {
  let at = 0;
  return {
    ...systemClock,
    monotonic: () => at,
    advance(ms) {
      at += ms;
    },
  };
}

test("what was handed back is recalled as often as it was remembered", () => {
  const handedBack = createHandedBack(createClock());
  handedBack.remember("a");
  handedBack.remember("a");
  expect([1, 2, 3].map(() => handedBack.recall("a"))).toEqual([true, true, false]);
  expect(handedBack.recall("b")).toBe(false);
});

test("after a minute it is forgotten: the mark may then stand for a run that died elsewhere", () => {
  const clock = createClock();
  const handedBack = createHandedBack(clock);
  handedBack.remember("a");
  clock.advance(60_001);
  expect(handedBack.recall("a")).toBe(false);
});

test("no more than ten thousand are kept, the latest", () => {
  const handedBack = createHandedBack(createClock());
  for (let n = 0; n < 10_001; n++) handedBack.remember(String(n));
  expect([handedBack.recall("0"), handedBack.recall("1"), handedBack.recall("10000")]).toEqual([false, true, true]);
});
