/** RabbitMQ against the broker suite, through a proxy that can cut its connections. */
import { randomUUID } from "node:crypto";
import { connect } from "amqplib";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import type { DriverContext } from "../../packages/core/src/driver.ts";
import { driverContext } from "../support/driver-context.ts";
import { amqpUrl } from "../support/servers.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { type BrokerTraits, type BrokerWorld, describeBroker } from "./broker-suite.ts";

const traits: BrokerTraits = {
  deduplicates: false,
  unsetPriority: "last",
  requeuesCountedAtHead: false,
  knowsAge: false,
  purgesDelayed: false,
  earlyByMs: 0,
  reconnects: true,
  undecodable: false,
  settlesResults: false,
};

async function openWorld(): Promise<BrokerWorld> {
  const direct = new URL(await amqpUrl());
  const proxy = await startTcpProxy(Number(direct.port));
  const url = Object.assign(new URL(direct), { port: String(proxy.port) }).href;
  const prioritised = Array.from({ length: 4 }, () => `priorities-${randomUUID()}`);
  await declarePrioritised(direct.href, prioritised);
  const context: DriverContext = driverContext();
  return {
    open: ({ resultUrl = null, ...options } = {}) => createAmqpBroker(url, context, { resultUrl, ...options }),
    queue: ({ priorities } = {}) => (priorities === true ? prioritised.pop()! : `queue-${randomUUID()}`),
    breakConnections: async () => proxy.cut(),
    recoveryMs: 15_000,
    dispose: () => proxy.close(),
  };
}

/** As an operator would who wants priorities: the driver adopts the argument. */
async function declarePrioritised(url: string, queues: readonly string[]): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of queues) await channel.assertQueue(queue, { durable: true, maxPriority: 9 });
  await connection.close();
}

describeBroker("RabbitMQ", openWorld, traits);
