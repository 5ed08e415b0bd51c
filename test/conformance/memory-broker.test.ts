/** The broker in memory against the suite of all brokers. */
import { randomUUID } from "node:crypto";
import { createMemoryBackend } from "../../packages/core/src/backends/memory.ts";
import { createMemoryBroker } from "../../packages/core/src/brokers/memory.ts";
import { driverContext } from "../support/driver-context.ts";
import { embeddedTraits } from "./broker/embedded-traits.ts";
import { type BrokerWorld, describeBroker } from "./broker-suite.ts";

async function openWorld(): Promise<BrokerWorld> {
  const url = `memory://${randomUUID()}`;
  let queues = 0;
  return {
    open: ({ resultUrl = null, ...options } = {}) => createMemoryBroker(url, driverContext(), { resultUrl, ...options }),
    queue() {
      queues += 1;
      return `queue-${queues}`;
    },
    results: { url, openBackend: () => createMemoryBackend(url, driverContext()) },
    recoveryMs: 0,
    async dispose() {},
  };
}

describeBroker("memory", openWorld, {
  ...embeddedTraits,
  // There is no connection to cut, and nobody but this driver puts messages in.
  reconnects: false,
  undecodable: false,
});
