/** One Redis for several projects: Python and ours find each other under Celery's global_keyprefix, and leave nothing beside it. */
import { createApp } from "@celeriac/core";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startInteropWorker } from "../support/interop/worker.ts";
import { callPython, startPythonWorker } from "../support/python-celery.ts";
import { redisUrl } from "../support/servers.ts";

const keyPrefix = "shop:";

it("tasks with a key prefix go from ours to Python and back, a broadcast too", async () => {
  const broker = await redisUrl();
  const taskQueues = [{ name: "reload", broadcast: true }] as const;
  const there = { broker, backend: await redisUrl(), queue: "celery", keyPrefix };
  const python = await startPythonWorker(there);
  const app = createApp("prefixed", {
    broker,
    backend: there.backend,
    config: { broker_transport_options: { global_keyprefix: keyPrefix }, taskQueues: ["celery", ...taskQueues] },
  });
  try {
    expect(await (await app.sendTask("py.add", [1, 2])).get()).toBe(3);
    await python.stop();
    const worker = await startInteropWorker({ ...there, queue: "celery,reload", taskQueues: ["celery", ...taskQueues] });
    try {
      const [sent] = (await callPython(there, [{ do: "send", task: "js.add", args: [20, 22] }])) as [{ id: string }];
      expect(await app.result(sent.id).get()).toBe(42);
      expect(await (await app.sendTask("js.add", [1, 1], { queue: "reload" })).get()).toBe(2);
    } finally {
      await worker.stop();
    }
    const client = new Redis(broker, { protocol: 2 });
    // Celery 5.2 knows the prefix for brokers only.
    const isOthers = (key: string) => !key.startsWith(keyPrefix) && !key.startsWith("celery-task-meta-");
    await eventually(async () => expect((await client.keys("*")).filter(isOthers)).toEqual([]));
    client.disconnect();
  } finally {
    await python.stop();
    await app.close();
  }
});
