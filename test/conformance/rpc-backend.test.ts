/** Replies on RabbitMQ against the result backend suite, through a proxy that can cut the connections. */
import { createRpcBackend } from "../../packages/core/src/backends/rpc.ts";
import { driverContext } from "../support/driver-context.ts";
import { amqpUrl } from "../support/servers.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { type BackendWorld, describeBackend } from "./backend-suite.ts";

let server: Promise<string> | null = null;

async function openWorld(): Promise<BackendWorld> {
  server ??= amqpUrl();
  const direct = new URL(await server);
  const proxy = await startTcpProxy(Number(direct.port));
  const url = Object.assign(direct, { port: String(proxy.port) }).href;
  return {
    open: () => createRpcBackend(url, driverContext(), { expiresMs: 3_600_000 }),
    shared: false,
    breakConnections: async () => proxy.cut(),
    close: () => proxy.close(),
  };
}

describeBackend("rpc", openWorld);
