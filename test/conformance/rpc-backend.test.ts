/** Replies on RabbitMQ against the result backend suite, through a proxy that can cut the connections. */
import type { ResultBackend } from "../../packages/core/src/backend.ts";
import { createRpcBackend } from "../../packages/core/src/backends/rpc.ts";
import { driverContext } from "../support/driver-context.ts";
import { inMsgpack, readsMsgpack } from "../support/msgpack-results.ts";
import { amqpUrl } from "../support/servers.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { type BackendWorld, describeBackend } from "./backend-suite.ts";

let server: Promise<string> | null = null;

async function openWorld(as: (backend: ResultBackend) => ResultBackend = (backend) => backend): Promise<BackendWorld> {
  server ??= amqpUrl();
  const direct = new URL(await server);
  const proxy = await startTcpProxy(Number(direct.port));
  const url = Object.assign(direct, { port: String(proxy.port) }).href;
  return {
    open: () => as(createRpcBackend(url, driverContext(readsMsgpack), { expiresMs: 3_600_000 })),
    shared: false,
    breakConnections: async () => proxy.cut(),
    close: () => proxy.close(),
  };
}

describeBackend("rpc", () => openWorld(), { countsChords: false });
describeBackend("rpc, in msgpack", () => openWorld(inMsgpack), { countsChords: false });
