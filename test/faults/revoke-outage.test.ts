/** What was revoked while a worker was away from its broker: it hears nothing then, and asks when it is back. */
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../support/eventually.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

function appAt(broker: string) {
  const app = createApp("outage", { broker, backend: "disabled" });
  onTestFinished(() => app.close());
  return app;
}

async function startWorker(hostname: string, broker: string): Promise<void> {
  const worker = createWorker(appAt(broker), { pool: "inline", hostname });
  onTestFinished(() => worker.stop());
  await worker.start();
}

it.each([
  ["redis", redisUrl],
  ["rabbitmq", amqpUrl],
])("a worker that was away from %s learns what was revoked meanwhile", { timeout: 60_000 }, async (_, open) => {
  const url = await open();
  const proxy = await startTcpProxy(Number(new URL(url).port));
  onTestFinished(() => proxy.close());
  const through = new URL(url);
  through.port = String(proxy.port);
  await Promise.all([startWorker("stays@here", url), startWorker("goes@here", through.href)]);
  const { control } = appAt(url);
  const known = async (destination: string) => Object.values(await control.inspect("revoked", { destination }));
  proxy.refuse();
  await control.revoke("unwanted", { destination: "stays@here", reply: true, timeout: "20s" });
  proxy.accept();
  await eventually(async () => expect(await known("goes@here")).toEqual([["unwanted"]]));
});
