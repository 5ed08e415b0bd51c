/** A hundred tests with a worker each cost less than two seconds together: what they take is printed, and proves nothing of the machine. */
import { createApp } from "celeriac";
import { testApp } from "celeriac/testing";
import { describe, expect, it } from "vitest";

const app = createApp("fast", { broker: "amqp://nowhere.invalid" });
const flaky = app.bound("flaky", { autoretryFor: [Error], retryBackoff: "1m", retryJitter: false }, (self, n: number) => {
  if (self.request.retries === 0) throw new Error("once");
  return n;
});

describe("a worker for each test", () => {
  it.each(Array.from({ length: 100 }, (_, n) => n))("number %i", async (n) => {
    await using t = await testApp(app, { mode: "worker" });
    await flaky.applyAsync([n], { countdown: "1h" });
    await t.clock.advance("61m");
    expect(await t.waitFor(flaky, "SUCCESS")).toMatchObject({ value: n, retries: 1 });
  });
});
