/** A Redis Cluster of three: all suites, by a user who may do what a worker needs and no more. Its failures are in `faults`. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { driverContext } from "../support/driver-context.ts";
import { type RedisCluster, startRedisCluster } from "../support/redis-cluster.ts";
import { redisClusterRules, redisRules } from "../support/roles.ts";
import { redisUrl } from "../support/servers.ts";
import { describeRedis } from "./redis-suites.ts";

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
  const rules = [...redisRules("worker", "secret"), ...redisClusterRules()];
  for (const node of cluster.nodes) await cluster.clientOf(node).acl("SETUSER", "worker", ...rules);
}, 120_000);
afterAll(() => cluster.stop());

describeRedis(
  "redis cluster",
  async () => ({
    url: cluster.url.replaceAll("redis+cluster://", "redis+cluster://worker:secret@"),
    nodes: cluster.nodes.map(({ url }) => url),
    queuePrefix: "shop-",
  }),
  false,
);

test("is named as what it is: a node taken for a server of its own, and a server taken for a node, say which it is", async () => {
  // Whoever holds none of the slots that are asked for says so only when it is asked.
  for (const { url } of cluster.nodes) {
    const broker = createRedisBroker(url, driverContext(), { resultUrl: null });
    await expect(broker.connect()).rejects.toMatchObject({ code: "BROKER_REFUSED", message: expect.stringContaining("redis+cluster://") });
  }
  const other = cluster.nodes[0] as (typeof cluster.nodes)[number];
  const backend = createRedisBackend(other.url, driverContext());
  const asked = await Promise.all(["a", "b", "c", "d"].map((id) => backend.get(id).catch(({ message }: Error) => message)));
  expect(asked).toContainEqual(expect.stringContaining("redis+cluster://"));
  await backend.close();
  const taken = createRedisBroker((await redisUrl()).replace(/^redis:(.*)\/\d+$/, "redis+cluster:$1"), driverContext(), {
    resultUrl: null,
  });
  await expect(taken.connect()).rejects.toMatchObject({
    code: "BROKER_REFUSED",
    message: expect.stringContaining("cluster support disabled"),
  });
});
