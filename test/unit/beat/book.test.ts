/** What a leading beat knows of its schedule, and how it comes to know it. */
import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { Book } from "../../../packages/beat/src/book.ts";
import { createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";

it("lets others have their turn while a large schedule is taken in, so that a lease can be prolonged", async () => {
  const app = createApp("shop", { broker: `memory://${randomUUID()}` });
  onTestFinished(() => app.close());
  const ping = app.declare<() => void>("py.ping");
  for (let n = 0; n < 5_000; n++) app.schedule(`entry-${n}`, every("1h"), ping.si());
  const runtime = runtimeOf(app)!;
  const changed = new Set<string>();
  const store = await runtime.scheduleStore();
  const { token } = await store.lead("one", 60_000);
  const book = new Book({ runtime, store, logger: silentLogger, changed: (name) => changed.add(name) });
  let turns = 0;
  let isOpen = false;
  const take = () => {
    turns++;
    if (!isOpen) setImmediate(take);
  };
  setImmediate(take);
  expect(await book.open(token!)).toBe("read");
  isOpen = true;
  expect([book.size, changed.size]).toEqual([5_000, 5_000]);
  expect(turns).toBeGreaterThanOrEqual(5);
});

it("of a leader that was deposed leaves alone what the code of the next one declares", async () => {
  const broker = `memory://${randomUUID()}`;
  async function leading(holder: string, ms: number) {
    const app = createApp("shop", { broker });
    onTestFinished(() => app.close());
    const runtime = runtimeOf(app)!;
    const store = await runtime.scheduleStore();
    app.schedule("report", every(`${ms}ms`), app.declare<() => void>("py.ping").si());
    if (holder === "older") app.schedule("gone", every("1h"), app.declare<() => void>("py.ping").si());
    const { token } = await store.lead(holder, 60_000);
    const book = new Book({ runtime, store, logger: silentLogger, changed() {} });
    return { store, open: () => book.open(token!) };
  }
  const older = await leading("older", 1_000);
  await older.open();
  await older.store.resign("older");
  const newer = await leading("newer", 2_000);
  expect(await newer.open()).toBe("read");
  const { entries } = await newer.store.read(0);
  expect(entries).toMatchObject([{ definition: { name: "report", schedule: { everyMs: 2_000 } } }]);
  expect(await older.open()).toBe("lost");
  expect((await newer.store.read(0)).entries).toEqual(entries);
});
