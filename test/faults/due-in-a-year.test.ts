/** A task that is due in a year, in processes whose clocks a test sets: it runs then, and once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createFaultWorld, type FaultWorld } from "../support/fault/world.ts";
import { createMovedClock, type MovedClock } from "../support/moved-clock.ts";
import { startRedis } from "../support/redis-server.ts";

const daySeconds = 24 * 3_600;
const due = { inDays: 365, n: 1 };
const dayBefore = { inDays: 364, n: 2 };

const places: Readonly<Record<string, (clock: MovedClock) => Promise<{ url(directory: string): string; stop(): Promise<void> }>>> = {
  SQLite: async () => ({ url: (directory) => `sqlite://${directory}/celeriac.db`, stop: async () => {} }),
  Redis: async ({ environment }) => {
    const { url, stop } = await startRedis({ environment });
    return { url: () => url, stop };
  },
};

const options = { pool: "threads", concurrency: 1 } as const;
/** The clock may be set at any moment: it is looked at anew as often. */
const timing = { dueCheckMs: 200 };

test.concurrent.for(Object.entries(places))(
  "%s: a task that is due in a year runs when the year is over, not before and not twice",
  async ([, open], { onTestFinished }) => {
    const { world, clock, close } = await movedWorld(open);
    onTestFinished(close);
    const runs = (n: number) => world.ledger().filter((line) => line.what === "begin" && line.n === n).length;
    const runOne = async (n: number) => expect(await world.client.mark.delay(n, 0).get()).toBe(n);
    await Promise.all(["one@here", "two@here"].map((hostname) => world.startWorker({ options: { ...options, hostname } })));
    for (const { inDays, n } of [due, dayBefore])
      await world.client.mark.applyAsync([n, 0], { countdown: `${inDays * 24}h`, ignoreResult: true });
    await runOne(3);

    // Whoever moves what is due has looked when what was due the day before runs; and what is sent then runs behind all that was moved.
    clock.setAhead(364.5 * daySeconds);
    await eventually(() => expect(runs(dayBefore.n)).toBe(1));
    await runOne(4);
    expect(runs(due.n)).toBe(0);

    clock.setAhead(365 * daySeconds + 60);
    await eventually(() => expect(runs(due.n)).toBe(1));
    clock.setAhead(2 * 365 * daySeconds);
    await runOne(5);
    expect([runs(due.n), runs(dayBefore.n)]).toEqual([1, 1]);
  },
);

interface MovedWorld {
  readonly world: FaultWorld;
  readonly clock: MovedClock;
  close(): Promise<void>;
}

async function movedWorld(open: (typeof places)[string]): Promise<MovedWorld> {
  const directory = mkdtempSync(join(tmpdir(), "celeriac-clock-"));
  const clock = createMovedClock(directory);
  const place = await open(clock);
  const world = createFaultWorld(place.url, {}, timing);
  Object.assign(world.environment, clock.environment);
  return {
    world,
    clock,
    async close() {
      await world.dispose();
      await place.stop();
      rmSync(directory, { recursive: true });
    },
  };
}
