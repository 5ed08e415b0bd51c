/** The rate of a worker's task on every broker, measured: none begins too early, and others pass them. */
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { brokerPlaces } from "./worker-places.ts";

const rate = 20;
const count = 60;

describe.concurrent.each(Object.entries(brokerPlaces))("a rate limit on %s", (_name, url) => {
  it("is met by a worker, and holds nobody else up", async () => {
    const began: { readonly task: string; readonly at: number }[] = [];
    const app = createApp("rates", { broker: await url(), backend: "disabled" });
    const note = (task: string) => void began.push({ task, at: performance.now() });
    const limited = app.task("limited", { rateLimit: `${rate}/s` }, () => note("limited"));
    const free = app.task("free", () => note("free"));
    const worker = createWorker(app, { pool: "inline", concurrency: 2 });
    try {
      await Promise.all([...Array.from({ length: count }, () => limited.delay()), ...Array.from({ length: 10 }, () => free.delay())]);
      const startedAt = performance.now();
      await worker.start();
      await eventually(() => expect(began).toHaveLength(count + 10), { withinMs: 30_000 });
      const times = began.filter(({ task }) => task === "limited").map(({ at }) => at);
      // All but the first wait 50 ms each: a busy machine is late, but never too early. Timers may be, by a millisecond.
      for (const [index, at] of times.entries()) expect(at - startedAt).toBeGreaterThan((index * 1_000) / rate - 2);
      // None of them waited for the last second's worth.
      expect(began.slice(0, -rate).filter(({ task }) => task === "free")).toHaveLength(10);
      // Too many to be held: some waited in the broker.
      expect(worker.stats().counts["task-deferred"]).toBeGreaterThan(0);
    } finally {
      await worker.stop();
      await app.close();
    }
  });
});
