/** Redis: whatever becomes of connections in whatever order, each message is settled exactly once, with what follows it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Delivery } from "../../packages/core/src/broker.ts";
import { acknowledge, consume } from "../conformance/broker/world.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { openRedisWorld, type RedisWorld } from "../support/fault/redis-world.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";

let world: RedisWorld;
beforeAll(async () => {
  world = await openRedisWorld();
});
afterAll(async () => {
  await world.clear();
  await world.stop();
});

const messages = 6_000;
const workers = 4;
/** A fault comes with each so many settlements. */
const period = 20;

/** What happens to a worker's connections; gives what ends it when the next fault comes. */
const faults: readonly ((proxy: TcpProxy) => (() => void) | Promise<void>)[] = [
  (proxy) => proxy.cut,
  (proxy) => {
    proxy.mute();
    return proxy.cut;
  },
  (proxy) => {
    proxy.stall();
    return proxy.resume;
  },
  (proxy) => {
    proxy.stall();
    return () => {
      proxy.resume();
      proxy.cut();
    };
  },
  async () => void (await world.client.script("FLUSH")),
  killOne,
];

/** Ends one of the two connections of some worker. */
async function killOne(): Promise<void> {
  const lines = String(await world.client.client("LIST")).split("\n");
  const ids = lines.flatMap((line) => /^id=(\d+) .* name=celeriac:(?:data|wake)/.exec(line)?.[1] ?? []);
  // It may have gone by itself meanwhile.
  if (ids.length > 0) await world.client.client("KILL", "ID", ids[ids.length >> 1]!);
}

test("each message is settled once in a storm of faults", { timeout: 120_000 }, async () => {
  const producer = await world.open();
  const proxies: TcpProxy[] = [];
  let end: unknown = null;
  let settled = 0;

  function settledOne(): void {
    if (++settled % period !== 0) return;
    const round = settled / period;
    if (typeof end === "function") end();
    end = settled + period < messages ? faults[round % faults.length]!(proxies[round % workers]!) : null;
  }

  async function run(delivery: Delivery): Promise<void> {
    if ((await eventually(() => delivery.begin())) === "lost") return;
    const next = publicationTo("done", { id: idOf(delivery.envelope) });
    if ((await eventually(() => delivery.settle({ results: [], publish: [next], then: acknowledge }), { withinMs: 60_000 })) === "settled")
      settledOne();
  }

  for (let index = 0; index < workers; index++) {
    const { proxy, url } = await world.openProxy();
    proxies.push(proxy);
    await consume(await world.open({ url }), ["left", "right"], { readAhead: 20, onDelivery: (delivery) => void run(delivery) });
  }
  const ids = Array.from({ length: messages }, (_, index) => `task-${index}`);
  await Promise.all(ids.map((id, index) => producer.publish(publicationTo(index % 2 === 0 ? "left" : "right", { id }))));
  const done = async () => (await world.client.lrange("done", 0, -1)).map((raw) => String(JSON.parse(raw).headers.id));
  await eventually(async () => new Set(await done()).size === messages, { withinMs: 90_000, everyMs: 50 });
  await eventually(async () => expect(await world.client.hkeys("{celeriac}:pulses")).toHaveLength(workers));
  expect((await done()).sort()).toEqual([...ids].sort());
  expect([await world.client.llen("left"), await world.client.llen("right")]).toEqual([0, 0]);
});
