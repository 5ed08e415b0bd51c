/** Redis behind sentinels: the primary is killed under load, stopped without an end, and swapped while it runs. */
import { describe, expect, type TestContext, test } from "vitest";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import type { Broker, Publication } from "../../packages/core/src/broker.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import { openServer } from "../../packages/core/src/redis/server-connection.ts";
import type { RedisAccess } from "../../packages/core/src/redis/url.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { primaryName, type SentinelSet, startSentinels } from "../support/redis-sentinel.ts";
import { startRedis } from "../support/redis-server.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

const access: RedisAccess = { ssl: false, masterName: primaryName };

/** Of the test's own: after a failover sentinels wait for a while before they allow the next. */
async function openSet({ onTestFinished }: TestContext): Promise<SentinelSet> {
  const set = await startSentinels();
  onTestFinished(() => set.stop());
  return set;
}

const patience = { withinMs: 45_000, everyMs: 50 };

/** Publishes again until it is confirmed, as a caller would who wants it sent. */
function publishAtLast(broker: Broker, publication: Publication): Promise<void> {
  return eventually(async () => {
    if (!broker.connected) await broker.connect();
    await broker.publish(publication);
  }, patience);
}

interface Failover {
  readonly name: string;
  fail(set: SentinelSet): Promise<void>;
}

const failovers: readonly Failover[] = [
  {
    name: "was killed",
    async fail(set) {
      const killed = await set.killPrimary();
      await set.promoted();
      await set.rejoin(killed);
    },
  },
  {
    name: "answers nobody",
    async fail(set) {
      const thaw = await set.freezePrimary();
      await set.promoted();
      await thaw();
    },
  },
  { name: "has become a replica", fail: (set) => set.swap() },
];

test("a primary that owes an answer is left soon enough to work on within 5 s of the next one", async () => {
  const clock = createFakeClock();
  const primary = await startRedis();
  const proxy = await startTcpProxy(primary.port);
  try {
    const address = { host: "127.0.0.1", port: proxy.port };
    const server = { address, role: "primary", tls: null, db: 0, keyPrefix: "", username: null, password: null } as const;
    const connection = await openServer(server, { clock, name: "test", holdsProcess: false, silentMs: 5_000 });
    proxy.stall();
    const owed = connection.call("PING").then(
      () => "answered",
      () => "given up",
    );
    await clock.advance(4_000);
    expect(connection.isOpen).toBe(false);
    expect(await owed).toBe("given up");
  } finally {
    await proxy.close();
    await primary.stop();
  }
});

// Each waits for sentinels most of the time.
describe.concurrent("whoever is connected", { timeout: 120_000 }, () => {
  test.for(failovers)("goes on with the next primary when the last one $name", async ({ fail }, context) => {
    const set = await openSet(context);
    await goOnAfter(set, () => fail(set));
  });
});

async function goOnAfter(set: SentinelSet, fail: () => Promise<void>): Promise<void> {
  const url = set.url();
  const open = () => createRedisBroker(url, driverContext(), { resultUrl: null, access });
  const [producer, worker] = [open(), open()];
  const backend = createRedisBackend(url, driverContext(), access);
  const coordinator = createRedisCoordinator(url, driverContext(), { access });
  try {
    await Promise.all([producer.connect(), worker.connect(), backend.connect(), coordinator.now()]);
    const { inbox } = await consume(worker, "q", { onDelivery: (delivery) => void settle(delivery).catch(() => {}) });
    const arrived = (id: string) => inbox.deliveries.some(({ envelope }) => idOf(envelope) === id);
    const texts: string[] = [];
    await backend.subscribe("task", (text) => texts.push(text));

    await publishAtLast(producer, publicationTo("q", { id: "before" }));
    await eventually(() => arrived("before"), patience);
    const failing = fail();
    // Whatever happens meanwhile, what is confirmed by the next primary comes to the worker.
    for (let n = 0; n < 50; n++) await publishAtLast(producer, publicationTo("q", { id: `during-${n}` }));
    await failing;
    await publishAtLast(producer, publicationTo("q", { id: "after" }));
    await eventually(() => arrived("after"), patience);
    expect(inbox.events).toContain("disconnected");
    await eventually(() => inbox.events.at(-1) === "connected", patience);

    const record = { taskId: "task", state: "SUCCESS", attempt: 0, text: '{"status": "SUCCESS"}', expiresMs: 60_000, replyTo: null };
    await eventually(() => backend.store(record), patience);
    await eventually(() => texts.includes(record.text), patience);
    await eventually(() => coordinator.now(), patience);
  } finally {
    await Promise.all([producer.close(), worker.close(), backend.close(), coordinator.close()]);
  }
}
