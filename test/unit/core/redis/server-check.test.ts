import { expect, test } from "vitest";
import { checkServer } from "../../../../packages/core/src/brokers/redis/server-check.ts";
import type { RedisConnection } from "../../../../packages/core/src/redis/connection.ts";
import { parseRedisUrl } from "../../../../packages/core/src/redis/url.ts";
import { driverContext } from "../../../support/driver-context.ts";

/** A server that says this of itself, with the layout of this version. */
function check(info: string, allowEviction = false, url = "redis://here"): Promise<unknown> {
  const server = { call: async (name: string) => (name === "INFO" ? info.replaceAll("\n", "\r\n") : "1") };
  const connection = { ...server, servers: [server] } as unknown as RedisConnection;
  return checkServer(connection, parseRedisUrl(url), driverContext({ allowEviction })).catch(
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );
}

const memory = "# Memory\nmaxmemory_policy:noeviction\n";

test("takes a server that is new enough and keeps its keys", async () => {
  for (const version of ["6.2.0", "7.0.15", "8.0.0", "10.1.2", "7.2.4-rc1"]) {
    expect(await check(`# Server\nredis_version:${version}\n${memory}`)).toBeUndefined();
  }
  expect(await check("a proxy's own words")).toBeUndefined();
});

test("refuses one that cannot pop several messages at once, by name of its version", async () => {
  for (const version of ["6.0.16", "5.0.14", "2.8.0"]) {
    expect(await check(`# Server\nredis_version:${version}\n${memory}`, true)).toBe(
      `BROKER_REFUSED: Redis at here:6379/0 is version ${version}, expected 6.2 or newer`,
    );
  }
});

test("refuses a node of a cluster that is taken for a server of its own", async () => {
  const node = `redis_version:7.0.15\nredis_mode:cluster\n${memory}`;
  expect(await check(node, true)).toMatch(/^BROKER_REFUSED: .*Cluster.*redis\+cluster:/);
  expect(await check(node, true, "redis+cluster://here")).toBeUndefined();
  expect(await check(`redis_version:7.0.15\nredis_mode:standalone\n${memory}`)).toBeUndefined();
});

test("refuses one that may evict, unless that is allowed", async () => {
  const evicting = "redis_version:7.0.15\nmaxmemory_policy:allkeys-lru\n";
  expect(await check(evicting)).toMatch(/^BROKER_EVICTS: .*allkeys-lru/);
  expect(await check(evicting, true)).toBeUndefined();
});
