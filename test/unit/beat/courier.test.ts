/** What becomes of a tick between its stamp and the broker. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { Courier } from "../../../packages/beat/src/courier.ts";
import { taskJson } from "../../../packages/core/src/canvas/composite.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { declareEntry } from "../../../packages/core/src/schedule-entry.ts";
import { createMemoryScheduleStore } from "../../../packages/core/src/schedule-stores/memory.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import type { Sender } from "../../../packages/core/src/sender.ts";
import { driverContext } from "../../support/driver-context.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

it("is sent when it is due and not before, though beat was told to stop meanwhile", async () => {
  const clock = createFakeClock();
  const store = createMemoryScheduleStore(`memory://${randomUUID()}`, "shop", driverContext({ clock }));
  const sentAt: number[] = [];
  const sender = { send: async () => void sentAt.push(clock.now()) } as unknown as Sender;
  const courier = new Courier({
    ...{ sender, store, clock, logger: silentLogger },
    ...{ now: () => clock.now(), leads: () => true, isStopping: () => true },
  });
  const { definition } = declareEntry("often", every("1s"), taskJson("shop.ping", [], {}, true));
  const dueAt = clock.now() + 40;
  const sending = Promise.all(
    Array.from({ length: 60 }, (_, n) => courier.send({ name: "often", dueAt, taskId: `task-${n}` }, definition)),
  );
  expect(courier.nextAt).toBe(dueAt);
  await clock.advance(39);
  expect(sentAt).toEqual([]);
  await clock.advance(1);
  expect(await sending).toEqual(Array.from({ length: 60 }, () => "sent"));
  expect(sentAt).toEqual(Array.from({ length: 60 }, () => dueAt));
  expect(courier.nextAt).toBeNull();
});
