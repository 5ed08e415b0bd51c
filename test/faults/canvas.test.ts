/** Random canvases on real workers, with failures, retries and kills: each comes to what it must, or fails and says so once. The proof `canvas` runs ten times as many. */
import { describe, it } from "vitest";
import { runCanvases } from "../support/canvas-cases/run-canvases.ts";
import { type BrokerName, places } from "../support/fault/places.ts";

const seeds = { sqlite: 20_261_122, redis: 20_261_123 } satisfies Partial<Record<BrokerName, number>>;

describe.concurrent.each(Object.entries(seeds))("a random canvas on %s", (broker, seed) => {
  it("gives what a reference says, or fails and tells one error callback", async ({ expect }) => {
    const run = await runCanvases(await places[broker as keyof typeof seeds](), { cases: 100, seed, dying: 25, kills: 1 });
    expect(run.wrong).toEqual([]);
    expect([run.cases, run.failing > 10, run.nodes > 500]).toEqual([100, true, true]);
  }, 120_000);
});
