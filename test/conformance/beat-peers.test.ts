/** Beats whose schedules lie in files of their own find each other through the broker, with the rights of a worker and no more. */
import { createBeat } from "@celeriac/beat";
import { createApp } from "@celeriac/core";
import { expect, it, onTestFinished } from "vitest";
import { rabbitmqPermissions, redisUserUrl } from "../support/roles.ts";
import { amqpUrl, amqpUserUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";

it.each([
  ["RabbitMQ", async () => amqpUserUrl(await amqpUrl(), rabbitmqPermissions("worker"))],
  ["Redis", async () => redisUserUrl(await redisUrl(), "worker")],
] as const)("the second one is refused on %s", async (_, open) => {
  const broker = await open();
  const beats = await Promise.all(
    [0, 1].map(async () => {
      const file = await createSqliteFile();
      const app = createApp("shop", { broker, config: { taskDefaultQueue: "shop", scheduleStore: file.url } });
      const beat = createBeat(app, { failover: "900ms" });
      onTestFinished(async () => {
        await beat.stop();
        await app.close();
        await file.remove();
      });
      return beat;
    }),
  );
  await beats[0]!.start();
  await expect(beats[1]!.start()).rejects.toMatchObject({ code: "BEAT_STORE_NOT_SHARED" });
  expect(beats.map((beat) => beat.stats().leads)).toEqual([true, false]);
});
