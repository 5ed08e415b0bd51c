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
  const book = new Book({ runtime, store: await runtime.scheduleStore(), logger: silentLogger, changed: (name) => changed.add(name) });
  let turns = 0;
  let isOpen = false;
  const take = () => {
    turns++;
    if (!isOpen) setImmediate(take);
  };
  setImmediate(take);
  await book.open();
  isOpen = true;
  expect([book.size, changed.size]).toEqual([5_000, 5_000]);
  expect(turns).toBeGreaterThanOrEqual(5);
});
