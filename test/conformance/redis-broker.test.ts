import { Redis } from "ioredis";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { driverContext } from "../support/driver-context.ts";
import { cutRedisConnections } from "../support/redis-connections.ts";
import { redisUrl } from "../support/servers.ts";
import { describeBroker } from "./broker-suite.ts";

describeBroker(
  "redis",
  async () => {
    const url = await redisUrl();
    let queues = 0;
    return {
      open: ({ resultUrl = url, ...options } = {}) => createRedisBroker(url, driverContext(), { resultUrl, ...options }),
      queue: () => `queue-${++queues}`,
      breakConnections: () => cutRedisConnections(url),
      async putUndecodable(queue) {
        const client = new Redis(url, { protocol: 2 });
        await client.lpush(queue, Buffer.from([0x7b, 0xff, 0x00, 0x22]));
        client.disconnect();
      },
      results: { url, openBackend: () => createRedisBackend(url, driverContext()) },
      recoveryMs: 10_000,
      async dispose() {},
    };
  },
  {
    deduplicates: true,
    unsetPriority: "first",
    requeuesCountedAtHead: true,
    knowsAge: false,
    purgesDelayed: true,
    earlyByMs: 0,
    reconnects: true,
    undecodable: true,
    settlesResults: true,
  },
);
