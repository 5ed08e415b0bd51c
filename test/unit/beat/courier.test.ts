/** What becomes of a tick between its stamp and the broker. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Courier, type CourierParts } from "../../../packages/beat/src/courier.ts";
import { taskJson } from "../../../packages/core/src/canvas/composite.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { declareEntry } from "../../../packages/core/src/schedule-entry.ts";
import { createMemoryScheduleStore } from "../../../packages/core/src/schedule-stores/memory.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import type { Sender } from "../../../packages/core/src/sender.ts";
import { driverContext } from "../../support/driver-context.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const { definition } = declareEntry("often", every("1s"), taskJson("shop.ping", [], {}, true));

/** A courier whose sender notes when a call is made ready, and when it is sent. */
function parts(given: Partial<Pick<CourierParts, "term" | "token" | "isStopping">> = {}) {
  const clock = createFakeClock();
  const store = createMemoryScheduleStore(`memory://${randomUUID()}`, "shop", driverContext({ clock }));
  const made: number[] = [];
  const sent: number[] = [];
  const courier = new Courier({
    sender: ({ at, open }) =>
      ({
        async send(make: () => unknown) {
          make();
          made.push(at);
          await open();
          sent.push(clock.now());
        },
      }) as unknown as Sender,
    ...{ store, clock, logger: silentLogger, now: () => clock.now() },
    ...{ term: () => 1, token: () => 1, isStopping: () => false, ...given },
  });
  return { clock, store, made, sent, courier };
}

it("is made ready ahead, as of when it is due, and sent then and not before, though beat was told to stop meanwhile", async () => {
  const { clock, made, sent, courier } = parts({ isStopping: () => true });
  const dueAt = clock.now() + 40;
  const ticks = Array.from({ length: 60 }, (_, n) => ({ name: "often", dueAt, taskId: `task-${n}` }));
  const sending = Promise.all(ticks.map((tick) => courier.send(tick, definition)));
  expect(courier.nextAt).toBe(dueAt);
  await clock.advance(39);
  expect([made, sent]).toEqual([ticks.map(() => dueAt), []]);
  await clock.advance(1);
  expect(await sending).toEqual(ticks.map(() => "sent"));
  expect(sent).toEqual(ticks.map(() => dueAt));
  expect(courier.nextAt).toBeNull();
});

it("counts from the present where it is overdue", async () => {
  const { clock, made, courier } = parts();
  expect(await courier.send({ name: "often", dueAt: clock.now() - 5_000, taskId: "task" }, definition)).toBe("sent");
  expect(made).toEqual([clock.now()]);
});

describe("of which it is due when the lease may be over", () => {
  async function due() {
    let term: number | null = null;
    let isCertain = true;
    const made = parts({ term: () => term, token: () => (isCertain ? term : null) });
    const { clock, store, courier } = made;
    const tick = { name: "often", dueAt: clock.now() + 40, taskId: "task" };
    ({ token: term } = await store.lead("one", 1_000));
    await store.stamp(term!, [tick], []);
    const sending = courier.send(tick, definition);
    await clock.advance(20);
    isCertain = false;
    await clock.advance(20);
    expect([made.made.length, made.sent.length]).toEqual([1, 0]);
    const goOn = async (next: number | null) => {
      isCertain = true;
      term = next;
      await clock.advance(10_000);
      return await sending;
    };
    return { ...made, tick, term: term!, goOn };
  }

  it("is left as it is stamped where another beat leads then", async () => {
    const { store, sent, tick, goOn } = await due();
    expect(await goOn(null)).toBe("left");
    expect([sent, await store.stamped()]).toEqual([[], [tick]]);
  });

  it("is left to its next term where it leads anew", async () => {
    const { sent, term, goOn } = await due();
    expect(await goOn(term + 1)).toBe("left");
    expect(sent).toEqual([]);
  });

  it("is sent where the lease was prolonged after all", async () => {
    const { sent, term, goOn } = await due();
    expect(await goOn(term)).toBe("sent");
    expect(sent.length).toBe(1);
  });
});
