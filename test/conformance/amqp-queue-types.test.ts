/** Mixed fleets: queues and exchanges are declared on both sides, and RabbitMQ refuses what is there as something else. */
import { connect } from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { createNotebook } from "../support/notebook.ts";
import { queuesOf } from "../support/router.ts";
import { amqpUrl } from "../support/servers.ts";
import { consume, settle } from "./broker/world.ts";

const quorum = { "x-queue-type": "quorum" };

test("queues of another type are used as they are, with one warning that names both types and the setting", async () => {
  const url = await amqpUrl();
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of ["classic", "classic-too", "other"]) await channel.assertQueue(queue, { durable: true });
  for (const queue of ["quorum", "quorum-too"]) await channel.assertQueue(queue, { durable: true, arguments: quorum });
  await connection.close();

  const notes = createNotebook();
  const taskQueues = [{ name: "classic", arguments: quorum }, { name: "quorum" }, { name: "other" }];
  const queues = queuesOf({ taskQueues, taskCreateMissingQueueType: "quorum" });
  const broker = createAmqpBroker(url, driverContext({ logger: notes.logger }), { resultUrl: null, queues });
  onTestFinished(() => broker.close());
  await broker.connect();
  const all = ["classic", "classic-too", "quorum", "quorum-too", "other"];
  const { inbox } = await consume(broker, all);
  for (const queue of all) {
    const publication = publicationTo(queue);
    await broker.publish(publication);
    const delivery = await inbox.next();
    expect([delivery.queue, idOf(delivery.envelope)]).toEqual([queue, idOf(publication.envelope)]);
    expect(await settle(delivery)).toBe("settled");
  }
  const ofQueues = notes.lines.filter(({ message }) => message.startsWith("A queue exists"));
  expect(ofQueues.map(({ level, fields }) => ({ level, ...fields }))).toEqual(
    expect.arrayContaining([
      {
        level: "warn",
        queue: "classic",
        type: "classic",
        wanted: "quorum",
        setting: "taskDefaultQueueType, or the queue's x-queue-type in taskQueues",
      },
      { level: "warn", queue: "classic-too", type: "classic", wanted: "quorum", setting: "taskCreateMissingQueueType" },
      // Of the right type, but somebody else's.
      { level: "warn", queue: "quorum-too", reason: expect.stringContaining("x-dead-letter-exchange") },
    ]),
  );
  expect(ofQueues).toHaveLength(3);
});

test("the exchange beside a queue that nobody declared is of the type that Python is to find", async () => {
  const url = await amqpUrl();
  const queues = queuesOf({ taskCreateMissingQueueExchangeType: "topic" });
  const broker = createAmqpBroker(url, driverContext(), { resultUrl: null, queues });
  onTestFinished(() => broker.close());
  await broker.connect();
  await broker.publish(publicationTo("made-up"));
  expect(await broker.queues.length("made-up")).toBe(1);
  const connection = await connect(url);
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  // Refused for an exchange of another type.
  await channel.assertExchange("made-up", "topic", { durable: true });
});

test("an exchange of type headers leads by the headers that its queues are bound with", async () => {
  const url = await amqpUrl();
  const bound = (name: string, format: string) => ({
    name,
    bindings: [{ exchange: "documents", exchangeType: "headers" as const, arguments: { "x-match": "all", format } }],
  });
  const queues = queuesOf({ taskQueues: [bound("pdfs", "pdf"), bound("pictures", "png")] });
  const broker = createAmqpBroker(url, driverContext(), { resultUrl: null, queues });
  onTestFinished(() => broker.close());
  await broker.connect();
  const { inbox } = await consume(broker, ["pdfs", "pictures"]);
  const { envelope } = publicationTo("", { headers: { format: "png" } });
  await broker.publish({ envelope, route: { exchange: "documents", routingKey: "" } });
  const delivery = await inbox.next();
  expect([delivery.queue, idOf(delivery.envelope)]).toEqual(["pictures", idOf(envelope)]);
  expect(await settle(delivery)).toBe("settled");
});
