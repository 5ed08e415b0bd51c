/** The run's RabbitMQ for tests of what the driver makes of it: brokers, connections that can be cut, a plain client, and processes that consume. */
import { randomUUID } from "node:crypto";
import { type ChannelModel, connect } from "amqplib";
import { afterEach, beforeAll } from "vitest";
import type { Broker } from "../../../packages/core/src/broker.ts";
import { type AmqpBrokerOptions, createAmqpBroker } from "../../../packages/core/src/brokers/amqp/broker.ts";
import type { DriverContext } from "../../../packages/core/src/driver.ts";
import { programPath } from "../built.ts";
import { driverContext } from "../driver-context.ts";
import { type PrivateProcess, startPrivateProcess } from "../private-process.ts";
import { amqpUrl } from "../servers.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { shortHold } from "./hold-timing.ts";

export interface AmqpFaultWorld {
  /** Connected; closed with the test. */
  open(url?: string, options?: Partial<AmqpBrokerOptions>, context?: Partial<DriverContext>): Promise<Broker>;
  /** A URL of the same vhost whose connections can be cut. */
  openProxy(): Promise<{ readonly proxy: TcpProxy; readonly url: string }>;
  /** For what an operator or another program does. */
  openClient(): Promise<ChannelModel>;
  /** A process that consumes a queue, see `programs/fault/amqp-consumer.ts`. */
  startConsumer(queue: string, mode: "begin" | "hold" | "apart"): PrivateProcess;
}

export const queueName = () => `queue-${randomUUID()}`;

/** To be called at the head of a test file: one vhost for it, and what a test has opened is closed when it ends. `usual`: options of all its brokers. */
export function useAmqp(usual: Partial<AmqpBrokerOptions> = {}): AmqpFaultWorld {
  let direct: string;
  const ends: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    direct = await amqpUrl();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  return {
    async open(url = direct, options = {}, context = {}) {
      const broker = createAmqpBroker(url, driverContext(context), { resultUrl: null, ...usual, ...options });
      ends.push(() => broker.close());
      await broker.connect();
      return broker;
    },
    async openProxy() {
      const proxy = await startTcpProxy(Number(new URL(direct).port));
      ends.push(() => proxy.close());
      return { proxy, url: Object.assign(new URL(direct), { port: String(proxy.port) }).href };
    },
    async openClient() {
      const client = await connect(direct);
      client.on("error", () => {});
      ends.push(() => client.close().catch(() => {}));
      return client;
    },
    startConsumer(queue, mode) {
      const args = [programPath("fault/amqp-consumer"), direct, queue, mode, JSON.stringify(shortHold)];
      const consumer = startPrivateProcess({ command: process.execPath, args, cwd: process.cwd() });
      ends.push(() => consumer.stop({ signal: "SIGKILL" }));
      return consumer;
    },
  };
}
