import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { driverContext } from "../support/driver-context.ts";
import { cutRedisConnections } from "../support/redis-connections.ts";
import { redisUrl } from "../support/servers.ts";
import { describeBackend } from "./backend-suite.ts";

describeBackend("redis", async () => {
  const url = await redisUrl();
  return {
    open: () => createRedisBackend(url, driverContext()),
    shared: true,
    breakConnections: () => cutRedisConnections(url),
    async close() {},
  };
});
