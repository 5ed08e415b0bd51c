import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import { driverContext } from "../support/driver-context.ts";
import { redisUrl } from "../support/servers.ts";
import { describeCoordinator } from "./coordinator-suite.ts";

describeCoordinator("redis", async () => {
  const url = await redisUrl();
  return { open: () => createRedisCoordinator(url, driverContext()), url, async close() {} };
});
