/** RabbitMQ as a world for the broker suite, plain or over TLS, through a proxy that can cut the connections. */
import { randomUUID } from "node:crypto";
import { connect } from "amqplib";
import { createAmqpBroker } from "../../../packages/core/src/brokers/amqp/broker.ts";
import type { Config } from "../../../packages/core/src/config.ts";
import type { TlsOptions } from "../../../packages/core/src/tls.ts";
import { driverContext } from "../../support/driver-context.ts";
import { queuesOf } from "../../support/router.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import type { BrokerTraits, BrokerWorld } from "./world.ts";

export const amqpTraits: BrokerTraits = {
  deduplicates: false,
  unsetPriority: "last",
  requeuesCountedAtHead: false,
  knowsAge: false,
  purgesDelayed: false,
  reconnects: true,
  undecodable: false,
  settlesResults: false,
};

export interface AmqpPlace {
  /** of a vhost nobody uses, without TLS */
  readonly url: string;
  /** of the queues of all brokers that are opened without queues of their own */
  readonly config?: Config;
  readonly tls?: { readonly port: number; readonly options: TlsOptions };
  /** whom the brokers log in as; guest unless told */
  readonly login?: { readonly username: string; readonly password: string };
  /** begins the name of every queue and exchange; "queue" unless told */
  readonly prefix?: string;
}

export async function openAmqpWorld({ url: direct, tls, login, config = {}, prefix = "queue" }: AmqpPlace): Promise<BrokerWorld> {
  const proxy = await startTcpProxy(tls?.port ?? Number(new URL(direct).port));
  const url = Object.assign(new URL(direct), { port: String(proxy.port), ...login }).href.replace(
    /^amqp:/,
    tls === undefined ? "amqp:" : "amqps:",
  );
  const prioritised = Array.from({ length: 4 }, () => `${prefix}-priorities-${randomUUID()}`);
  await declarePrioritised(direct, prioritised);
  const context = driverContext();
  const queues = queuesOf(config);
  const connection = tls === undefined ? {} : { ssl: tls.options };
  return {
    open: ({ resultUrl = null, ...options } = {}) => createAmqpBroker(url, context, { resultUrl, queues, ...options, connection }),
    queue: ({ priorities } = {}) => (priorities === true ? prioritised.pop()! : `${prefix}-${randomUUID()}`),
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
