/** Results in msgpack on Redis, as `result_serializer` writes them, against the result backend suite. */
import { expect, it } from "vitest";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { resultTextOf } from "../../packages/core/src/result-form.ts";
import { readResult } from "../../packages/core/src/result-meta.ts";
import { driverContext } from "../support/driver-context.ts";
import { inMsgpack, readsMsgpack } from "../support/msgpack-results.ts";
import { cutRedisConnections } from "../support/redis-connections.ts";
import { redisUrl } from "../support/servers.ts";
import { describeBackend } from "./backend-suite.ts";

describeBackend("redis, in msgpack", async () => {
  const url = await redisUrl();
  return {
    open: () => inMsgpack(createRedisBackend(url, driverContext(readsMsgpack))),
    shared: true,
    breakConnections: () => cutRedisConnections([url]),
    async close() {},
  };
});

it("does not read msgpack where it is not accepted", async () => {
  const url = await redisUrl();
  const readsJson = { resultTextOf: (stored: Buffer) => resultTextOf(stored, ["json"]) };
  const [writer, reader] = [inMsgpack(createRedisBackend(url, driverContext())), createRedisBackend(url, driverContext(readsJson))];
  const text = JSON.stringify({ status: "SUCCESS", result: 1, task_id: "t" });
  await writer.store({ taskId: "t", state: "SUCCESS", attempt: 0, text, expiresMs: 60_000, replyTo: null });
  const stored = await reader.get("t");
  expect(() => readResult("t", stored ?? "")).toThrow(expect.objectContaining({ code: "RESULT_UNREADABLE" }));
  await Promise.all([writer.close(), reader.close()]);
});
