/** Who takes what waits: a seat that is free, whether it was just left or has just opened. */
import { systemClock } from "@celeriac/core/runtime";
import { expect, it } from "vitest";
import type { QueuedInstance } from "../../../../../packages/airflow-bridge/src/dag/executor.ts";
import { createSeatedExecutor, type Seat } from "../../../../../packages/airflow-bridge/src/dag/executors/seated.ts";

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
  const executor = createSeatedExecutor("local", 2, openSeat, systemClock);
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
