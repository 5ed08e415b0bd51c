import { redisUrl } from "../support/servers.ts";
import { describeRedis } from "./redis-suites.ts";

describeRedis("redis", async () => {
  const url = await redisUrl();
  return { url, nodes: [url] };
});
