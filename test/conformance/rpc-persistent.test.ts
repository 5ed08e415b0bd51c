/** Replies of rpc:// are kept by RabbitMQ as the app's setting says. */
import { createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { connect } from "amqplib";
import { expect, it, onTestFinished } from "vitest";
import { amqpUrl } from "../support/servers.ts";

it.each([
  ["are not kept over a restart unless that is asked for", {}, false],
  ["are kept over a restart where result_persistent says so", { result_persistent: true }, true],
])("results that wait for their caller %s", async (_, config, durable) => {
  const broker = await amqpUrl();
  const app = createApp("persistent", { broker, backend: "rpc://", config });
  onTestFinished(() => app.close());
  await app.connect();
  const queue = (await runtimeOf(app)!.links()).backend!.replyTo!;
  const connection = await connect(broker);
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  // RabbitMQ refuses a declaration that differs from what is there.
  await expect(channel.assertQueue(queue, { durable, autoDelete: false, expires: 600_000 })).resolves.toMatchObject({ queue });
});
