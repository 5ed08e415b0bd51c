/** A worker on memory://, in the process of those who send to it. */
import { createWorker, type WorkerOptions } from "@celeriac/worker";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { add, app, flaky, reader, sender, told } from "../../programs/memory-app.ts";
import { programUrl } from "../../support/built.ts";

const source = { moduleUrl: programUrl("memory-app").href, appName: null };

async function startWorker(options: WorkerOptions): Promise<void> {
  const worker = createWorker(app, { concurrency: 2, ...options }, { source });
  onTestFinished(() => worker.stop());
  await worker.start();
}

afterAll(() => app.close());

describe.each(["prefork", "threads", "inline"] as const)("a worker on memory:// with %s", (pool) => {
  it("runs what the app beside it sends: at once, later, and what follows", async () => {
    const early = await add.delay(1, 2);
    await startWorker({ pool });
    expect(await early.get()).toBe(3);
    expect(await add.applyAsync([2, 3], { countdown: "50ms" }).get()).toBe(5);
    expect(await flaky.delay(2).get()).toBe(2);
    const linked = await add.applyAsync([1, 1], { link: add.s(40) });
    expect(await linked.get()).toBe(2);
    const [child] = await linked.children();
    expect(await child!.get()).toBe(42);
    const states: string[] = [];
    for await (const { state } of (await told.delay()).watch()) states.push(state);
    expect(states.at(-1)).toBe("SUCCESS");
  });
});

describe.each(["prefork", "threads"] as const)("a worker on memory:// with %s", (pool) => {
  it("says to a task that sends or reads that it cannot reach what its worker has", async () => {
    await startWorker({ pool });
    const refusal = { code: "TASK_FAILED", remote: { type: "BrokerError" }, message: expect.stringContaining("memory://worker-test") };
    await expect(sender.delay().get()).rejects.toMatchObject(refusal);
    await expect(reader.delay("any").get()).rejects.toMatchObject(refusal);
  });
});
