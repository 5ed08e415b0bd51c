/** A Redis that others use, where every key and channel has a prefix, and nothing lies beside it. */
import { Redis } from "ioredis";
import { afterAll, expect, test } from "vitest";
import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import { driverContext } from "../support/driver-context.ts";
import { redisUrl } from "../support/servers.ts";
import { describeRedisBackend, describeRedisBroker, type RedisWay } from "./redis-suites.ts";

/** With signs that mean something in a pattern. */
const keyPrefix = "shop's [*]:";
const urls: string[] = [];

afterAll(async () => {
  for (const url of urls) {
    const client = new Redis(url, { protocol: 2 });
    const keys = await client.keys("*");
    client.disconnect();
    expect(keys.filter((key) => !key.startsWith(keyPrefix))).toEqual([]);
  }
});

async function way(): Promise<RedisWay> {
  const url = await redisUrl();
  urls.push(url);
  return { url, nodes: [url], access: { keyPrefix } };
}

describeRedisBroker("redis with a key prefix", way);
describeRedisBackend("redis with a key prefix", way);

test("leases of two prefixes are two, and those of one are one", async () => {
  const { url, access } = await way();
  const [one, same, other] = [access, access, {}].map((each) => createRedisCoordinator(url, driverContext(), { access: each }));
  try {
    expect(await one!.lease("beat", 60_000)).not.toBeNull();
    expect(await same!.lease("beat", 60_000)).toBeNull();
    const lease = await other!.lease("beat", 60_000);
    expect(lease).not.toBeNull();
    await lease!.release();
    const client = new Redis(url, { protocol: 2 });
    await client.del("{celeriac}:lease-token");
    client.disconnect();
  } finally {
    await Promise.all([one, same, other].map((each) => each!.close()));
  }
});
