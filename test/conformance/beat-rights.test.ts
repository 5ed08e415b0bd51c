/** Beats with the rights that docs/security.md gives them, and no more. */
import { createBeat } from "@celeriac/beat";
import { createApp, every } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../support/eventually.ts";
import { preparePostgres, rabbitmqPermissions, redisUserUrl } from "../support/roles.ts";
import { amqpUrl, amqpUserUrl, postgresUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";

function beatOn(broker: string, scheduleStore: string) {
  const app = createApp("shop", { broker, config: { taskDefaultQueue: "shop", scheduleStore } });
  const beat = createBeat(app, { failover: "1500ms" });
  onTestFinished(async () => {
    await beat.stop();
    await app.close();
  });
  return { app, beat };
}

it.each([
  [
    "a producer on RabbitMQ, and a beat on PostgreSQL",
    async () => {
      const all = await amqpUrl();
      const { beat } = await preparePostgres(await postgresUrl(), ["schedules"]);
      return { all, broker: await amqpUserUrl(all, rabbitmqPermissions("producer")), store: beat };
    },
  ],
  [
    "a beat on Redis",
    async () => {
      const all = await redisUrl();
      const broker = await redisUserUrl(all, "beat");
      return { all, broker, store: broker };
    },
  ],
] as const)("one that is %s sends, and writes that down", async (_, open) => {
  const { all, broker, store } = await open();
  const owner = createApp("owner", { broker: all });
  onTestFinished(() => owner.close());
  const { broker: queues } = await runtimeOf(owner)!.links();
  await queues.connect();
  await queues.declare("shop");
  const { app, beat } = beatOn(broker, store);
  app.schedule("often", every("20ms"), app.declare<() => void>("shop.ping").si(), { maxRuns: 2, catchUp: "all" });
  await beat.start();
  await eventually(async () => (await queues.queues.length("shop")) === 2);
  await eventually(async () => expect(await app.schedules.get("often")).toMatchObject({ totalRuns: 2, nextRunAt: null }));
});

it.each([
  ["RabbitMQ", async () => amqpUserUrl(await amqpUrl(), rabbitmqPermissions("worker"))],
  ["Redis", async () => redisUserUrl(await redisUrl(), "worker")],
] as const)("those with files of their own find each other on %s with the rights of a worker", async (_, open) => {
  const broker = await open();
  const files = await Promise.all([createSqliteFile(), createSqliteFile()]);
  for (const file of files) onTestFinished(() => file.remove());
  const [first, second] = files.map((file) => beatOn(broker, file.url).beat);
  await first!.start();
  await expect(second!.start()).rejects.toMatchObject({ code: "BEAT_STORE_NOT_SHARED" });
  expect([first, second].map((beat) => beat!.stats().leads)).toEqual([true, false]);
});
