/** Who takes what waits: a seat that is free, whether it was just left or has just opened. And how long a seat waits for work. */
import { systemClock } from "@celeriac/core/runtime";
import { expect, it } from "vitest";
import type { QueuedInstance } from "../../../../../packages/airflow-bridge/src/dag/executors/executor.ts";
import { createSeatedExecutor, type Seat } from "../../../../../packages/airflow-bridge/src/dag/executors/seated.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

const instance = (externalId: string) => ({ externalId, state: "queued" }) as unknown as QueuedInstance;

it("gives what waits to a seat that is left, while another one is still opening", async () => {
  const ran: [seat: number, id: string][] = [];
  let seats = 0;
  let openSecond = (): void => {};
  const openSeat = (): Seat => {
    const number = ++seats;
    const opening = number === 1 ? Promise.resolve() : new Promise<void>((resolve) => (openSecond = resolve));
    return {
      open: () => opening,
      async run({ externalId }) {
        ran.push([number, externalId]);
        return { kind: "left" };
      },
      interrupt() {},
      async close() {},
    };
  };
  const executor = createSeatedExecutor({ name: "local", seatCount: 2, openSeat, keepIdleMs: null, clock: systemClock });
  await executor.queue([instance("a"), instance("b"), instance("c")]);
  await expect
    .poll(() => ran)
    .toEqual([
      [1, "a"],
      [1, "b"],
      [1, "c"],
    ]);
  expect([seats, executor.slots]).toEqual([2, 2]);
  openSecond();
  await executor.queue([instance("d")]);
  await executor.end(1_000);
  expect(ran).toHaveLength(4);
});

it("closes seats that had nothing to do for long, and opens others when there is more to do", async () => {
  const clock = createFakeClock();
  const open = new Set<number>();
  let seats = 0;
  const openSeat = (): Seat => {
    const number = ++seats;
    open.add(number);
    return {
      async open() {},
      async run() {
        await clock.sleep(100);
        return { kind: "left" };
      },
      interrupt() {},
      async close() {
        open.delete(number);
      },
    };
  };
  const executor = createSeatedExecutor({ name: "local", seatCount: 3, openSeat, keepIdleMs: 10_000, clock });
  await executor.queue([instance("a"), instance("b"), instance("c")]);
  await clock.advance(100);
  await executor.queue([instance("d")]);
  await clock.advance(9_999);
  expect([...open]).toEqual([1, 2, 3]);
  await clock.advance(1);
  // The one that ran last has been idle for 100 ms less.
  expect([...open]).toEqual([3]);
  await clock.advance(100);
  expect([...open, clock.pending]).toEqual([0]);
  await executor.queue([instance("e"), instance("f")]);
  await clock.advance(0);
  expect([...open]).toEqual([4, 5]);
  const ended = executor.end(1_000);
  await clock.advance(1_000);
  await ended;
  expect([...open]).toEqual([]);
});
