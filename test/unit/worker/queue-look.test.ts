/** What /metrics asks the broker: little, not often, and never for longer than whoever scrapes would wait. */
import { type Broker, silentLogger } from "@celeriac/core/runtime";
import { expect, it } from "vitest";
import { createQueueLook } from "../../../packages/worker/src/probes/queue-look.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function world({ queues = ["a"], length = async (_queue: string): Promise<number> => 3, connect = async () => {} } = {}) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const warnings: string[] = [];
  const broker = {
    connected: false,
    connect,
    queues: {
      length: (queue: string) => {
        asked.push(queue);
        return length(queue);
      },
      oldestAge: async () => 1_500,
      paused: async () => new Set(),
    },
  } as unknown as Broker;
  const logger = { ...silentLogger, warn: (_: string, fields?: object) => void warnings.push((fields as { reason: string }).reason) };
  const look = createQueueLook({ broker: () => broker, queues: () => queues, clock, logger });
  return { clock, look, asked, warnings };
}

it("asks once for all who scrape within five seconds", async () => {
  const { clock, look, asked } = world();
  const [first, second] = await Promise.all([look.facts(), look.facts()]);
  expect(first).toEqual([{ name: "a", length: 3, oldestMs: 1_500, dead: 3, paused: false }]);
  expect(second).toBe(first);
  await clock.advance(4_900);
  expect(await look.facts()).toBe(first);
  expect(asked).toEqual(["a", "a.dead"]);
  await clock.advance(200);
  expect(await look.facts()).not.toBe(first);
});

it("asks about a hundred queues at most", async () => {
  const { look } = world({ queues: Array.from({ length: 150 }, (_, at) => `q${at}`) });
  expect(await look.facts()).toHaveLength(100);
});

it("knows nothing while a broker does not answer, and does not ask it again meanwhile", async () => {
  let answer: (length: number) => void = () => {};
  const { clock, look, asked } = world({ length: () => new Promise((resolve) => (answer = resolve)) });
  const facts = look.facts();
  await clock.advance(2_000);
  expect(await facts).toBeNull();
  const later = look.facts();
  await clock.advance(60_000);
  expect(await later).toBeNull();
  expect(asked).toEqual(["a", "a.dead"]);
  answer(0);
});

it("counts what it was refused, and tells each reason once", async () => {
  const { clock, look, warnings } = world({ connect: () => Promise.reject(new Error("gone")) });
  for (let count = 1; count <= 3; count++) {
    expect(await look.facts()).toBeNull();
    expect(look.failures).toBe(count);
    await clock.advance(6_000);
  }
  expect(warnings).toEqual(["gone"]);
});
