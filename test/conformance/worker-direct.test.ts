/** Queues that are one worker's alone, on every broker: by their name, and through Celery's exchange for them. */
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { openBroker } from "../../packages/core/src/open.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { queuesOf, settingsOf } from "../support/router.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";
import { consume, settle } from "./broker/world.ts";

const node = "w1@here";
const queue = `${node}.dq2`;

async function sqliteUrl(): Promise<string> {
  const file = await createSqliteFile();
  onTestFinished(() => file.remove());
  return file.url;
}

/** Sends both ways to a worker that consumes its own queue. */
async function sendToWorker(brokerUrl: string): Promise<void> {
  const open = async (workerDirect: boolean) => {
    const config = { brokerUrl, workerDirect, resultBackend: "disabled" };
    const broker = await openBroker(settingsOf(config), queuesOf(config), driverContext());
    onTestFinished(() => broker.close());
    await broker.connect();
    return broker;
  };
  const [worker, producer] = [await open(true), await open(false)];
  const { inbox } = await consume(worker, ["celery", queue]);
  for (const route of [
    { exchange: "", routingKey: queue },
    { exchange: "C.dq2", routingKey: node },
  ]) {
    const publication = { ...publicationTo(queue), route };
    await producer.publish(publication);
    const delivery = await inbox.next();
    expect([delivery.queue, idOf(delivery.envelope)]).toEqual([queue, idOf(publication.envelope)]);
    expect(await settle(delivery)).toBe("settled");
  }
}

describe("a worker's own queue", () => {
  test.each([
    ["memory", async () => "memory://worker-direct"],
    ["SQLite", sqliteUrl],
    ["RabbitMQ", amqpUrl],
  ])("is sent to by its name, and by the worker's: %s", async (_, place) => {
    await sendToWorker(await place());
  });

  test("is sent to by its name, and by the worker's: Redis, where it is bound as Celery binds it", async () => {
    const url = await redisUrl();
    await sendToWorker(url);
    const redis = new Redis(url);
    onTestFinished(() => redis.disconnect());
    expect(await redis.smembers("_kombu.binding.C.dq2")).toEqual([`${node}\u0006\u0016\u0006\u0016${queue}`]);
  });
});
