/** A worker killed with -9 in the middle of its tasks: another one finishes them, none is missing, and nothing of the dead one lives on. */
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { places } from "../support/fault/places.ts";
import { createFaultWorld, type FaultWorld, isAlive, missedSoon } from "../support/fault/world.ts";

const tasks = 1_000;
/** of which a worker has so many at a time */
const held = 8;

for (const [broker, place] of Object.entries(places)) {
  describe.concurrent(broker, () => {
    it.each(["parent alone", "parent and children"] as const)(
      `kill -9 of the %s loses none of ${tasks} tasks and repeats only what ran`,
      async (victims) => {
        // One of the two is missed as late as in earnest.
        const world = createFaultWorld(await place(), {}, victims === "parent alone" ? {} : missedSoon);
        try {
          await killMidway(world, victims);
        } finally {
          await world.dispose();
        }
      },
      180_000,
    );
  });
}

async function killMidway(world: FaultWorld, victims: "parent alone" | "parent and children"): Promise<void> {
  const { mark } = world.client;
  const options = { pool: "prefork", concurrency: 2, prefetchMultiplier: held / 2 } as const;
  const first = await world.startWorker({ options: { ...options, hostname: "first@here" } });
  const sent = await Promise.all(Array.from({ length: tasks }, (_, n) => mark.delay(n, 5)));
  await eventually(() => expect(world.ledger().filter(({ what }) => what === "end").length).toBeGreaterThan(100), {
    withinMs: 60_000,
  });
  const children = first.children();
  if (victims === "parent and children") for (const pid of children) process.kill(pid, "SIGKILL");
  process.kill(first.pid, "SIGKILL");
  await first.ended;
  await eventually(() => expect(children.filter(isAlive)).toEqual([]));

  const second = await world.startWorker({ options: { ...options, hostname: "second@here" } });
  const values = await Promise.all(sent.map((result) => result.get({ timeout: "120s" })));
  expect(values).toEqual(Array.from({ length: tasks }, (_, n) => n));

  const begins = new Map<number, number>();
  for (const { what, n } of world.ledger()) if (what === "begin") begins.set(n, (begins.get(n) ?? 0) + 1);
  expect(begins.size).toBe(tasks);
  const repeated = [...begins].filter(([, times]) => times > 1);
  expect(repeated.every(([, times]) => times === 2)).toBe(true);
  // What ran at the kill, and what had ended without its outcome having reached the broker: on a busy machine all that it held.
  expect(repeated.length).toBeLessThanOrEqual(held);
  expect((await second.stop())["task-failed"]).toBe(0);
}
