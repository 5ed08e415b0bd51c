/** Slots of holders that are stopped, cut off or frozen: who keeps them, who loses them, and that the loser is told. */
import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { Redis } from "ioredis";
import { expect, it, onTestFinished, vi } from "vitest";
import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import { createSqliteCoordinator } from "../../packages/core/src/coordinators/sqlite.ts";
import { driverContext } from "../support/driver-context.ts";
import { eventually } from "../support/eventually.ts";
import { redisUrl } from "../support/servers.ts";
import { startSlotHolder } from "../support/slot-holder.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";

it("sqlite: a paused process keeps its slot, and a killed one loses it the next time somebody asks", async () => {
  const file = await createSqliteFile();
  const coordinator = createSqliteCoordinator(file.url, file.nextContext());
  onTestFinished(async () => {
    await coordinator.close();
    await file.remove();
  });
  const holder = await startSlotHolder({ url: file.url, key: "key", limit: 1 });
  process.kill(holder.pid, "SIGSTOP");
  expect(await coordinator.slots("key", 1)).toBeNull();
  await holder.stop({ signal: "SIGKILL" });
  expect(await coordinator.slots("key", 1)).not.toBeNull();
  expect(file.rows("select count(*) from slot")).toEqual([[1]]);
});

it("sqlite: a slot is lost with the thread that held its lock, and its holder is told", async () => {
  const file = await createSqliteFile();
  const posts = vi.spyOn(Worker.prototype, "postMessage");
  const [holder, other] = [file.nextContext(), file.nextContext()].map((context) => createSqliteCoordinator(file.url, context));
  onTestFinished(async () => {
    posts.mockRestore();
    await Promise.all([holder!.close(), other!.close()]);
    await file.remove();
  });
  const slot = await holder!.slots("key", 1);
  const [thread] = posts.mock.contexts as Worker[];
  await thread!.terminate();
  await eventually(() => slot!.lost.aborted);
  await eventually(async () => expect(await other!.slots("key", 1)).not.toBeNull());
  await slot!.release();
  expect(await holder!.slots("key", 1)).toBeNull();
});

it("redis: a holder that was frozen for too long is told that its slot is another's", async () => {
  const url = await redisUrl();
  const key = randomUUID();
  const [frozen, other] = [createRedisCoordinator(url, driverContext()), createRedisCoordinator(url, driverContext())];
  onTestFinished(async () => {
    await Promise.all([frozen.close(), other.close()]);
  });
  const slot = await frozen.slots(key, 1);
  // What 12 s without a sign do on the server.
  const client = new Redis(url, { protocol: 2 });
  const [holder] = await client.zrange(`{celeriac}:slots:${key}`, "0", "0");
  await client.call("zadd", [`{celeriac}:slots:${key}`, "XX", "1", String(holder)]);
  await client.quit();
  expect(await other.slots(key, 1)).not.toBeNull();
  await eventually(() => slot!.lost.aborted);
  await slot!.release();
  expect(await other.slots(key, 1)).toBeNull();
});
