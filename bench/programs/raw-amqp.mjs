/**
 * The floor on RabbitMQ: persistent messages with confirms in Celery's wire, a prefetch that hides the round trip, one acknowledgement
 * (multiple) a turn. Nothing else.
 */
import { randomUUID } from "node:crypto";
import { connect } from "amqplib";
import { Redis } from "ioredis";
import { run } from "./noop.mjs";
import { resultText, taskBody, taskHeaders } from "./raw-message.mjs";

const queue = "celery";
const prefetch = 200;
const expirySeconds = 86_400;

async function open(url) {
  const connection = await connect(url, { noDelay: true });
  connection.on("error", (error) => console.error(error));
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  return { connection, channel };
}

export async function openProducer({ broker, results }) {
  const { connection, channel } = await open(broker);
  const waiters = new Map();
  const replyTo = randomUUID();
  if (results) {
    await channel.assertQueue(replyTo, { durable: false, autoDelete: true, expires: 86_400_000 });
    await channel.consume(replyTo, ({ properties }) => waiters.get(properties.correlationId)?.(), { noAck: true });
  }
  const publish = (task, id, argument, ignoreResult) =>
    new Promise((resolve, reject) =>
      channel.publish(
        "",
        queue,
        taskBody(argument),
        {
          headers: taskHeaders(task, id, `(${argument},)`, ignoreResult),
          contentType: "application/json",
          contentEncoding: "utf-8",
          correlationId: id,
          replyTo,
          persistent: true,
        },
        (error) => (error === null ? resolve() : reject(error)),
      ),
    );
  return {
    send: (index) => publish("noop", randomUUID(), index, !results),
    async roundtrip(task, argument) {
      const id = randomUUID();
      const done = new Promise((resolve) => waiters.set(id, resolve));
      await publish(task, id, argument, false);
      await done;
      waiters.delete(id);
    },
    async fill(n) {
      for (let sent = 0; sent < n; sent += 1000)
        await Promise.all(
          Array.from({ length: Math.min(1000, n - sent) }, (_, index) => publish("noop", randomUUID(), sent + index, !results)),
        );
    },
    waiting: async () => (await channel.checkQueue(queue)).messageCount,
    close: () => connection.close(),
  };
}

export async function startWorker({ broker, backend, results }) {
  const { connection, channel } = await open(broker);
  const redis = backend.startsWith("redis:") ? new Redis(backend, { protocol: 2 }) : null;
  let turn = [];
  await channel.prefetch(prefetch);
  await channel.consume(queue, (message) => {
    const { headers } = message.properties;
    const [[argument]] = JSON.parse(message.content.toString("utf8"));
    run(headers.task, argument);
    if (turn.push(message) === 1) setImmediate(() => void settle());
  });

  async function settle() {
    const done = turn;
    turn = [];
    if (results && redis === null) reply(done);
    if (results && redis !== null) await store(done);
    channel.ack(done.at(-1), true);
  }
  function reply(done) {
    for (const { properties } of done) {
      const { correlationId, replyTo } = properties;
      channel.publish("", replyTo, Buffer.from(resultText(correlationId)), {
        correlationId,
        contentType: "application/json",
        contentEncoding: "utf-8",
        persistent: false,
      });
    }
  }
  async function store(done) {
    const pipeline = redis.pipeline();
    for (const { properties } of done) {
      const key = `celery-task-meta-${properties.correlationId}`;
      const text = resultText(properties.correlationId);
      pipeline.setex(key, expirySeconds, text).publish(key, text);
    }
    await pipeline.exec();
  }
  return {
    async stop() {
      await connection.close();
      redis?.disconnect();
    },
  };
}
