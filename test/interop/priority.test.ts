/** Tasks that wait with priorities, in the order in which a worker of the other side runs them. Higher is sooner for us everywhere; for Python on Redis lower is. */
import { randomUUID } from "node:crypto";
import { createApp, type Priority } from "@celeriac/core";
import { expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { startInteropWorker } from "../support/interop/worker.ts";
import { callPython, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  { name: "Redis", broker: redisUrl, maxPriority: undefined, pythonSoonest: [0, 3, 6, 9] },
  { name: "RabbitMQ", broker: amqpUrl, maxPriority: 9, pythonSoonest: [9, 6, 3, 0] },
] as const;

beside.each(brokers)("priorities on $name", ({ broker, maxPriority, pythonSoonest }) => {
  const place = async () => ({ broker: await broker(), backend: await redisUrl(), queue: `priority-${randomUUID()}`, maxPriority });

  /** The order in which a worker's log first says of each id what `said` says. */
  async function orderIn(log: () => string, ids: readonly string[], said: (id: string) => RegExp): Promise<readonly string[]> {
    const places = await eventually(() => {
      const found = ids.map((id) => log().search(said(id)));
      expect(found).not.toContain(-1);
      return found;
    });
    return ids.toSorted((left, right) => places[ids.indexOf(left)]! - places[ids.indexOf(right)]!);
  }

  it("of our producer are kept by a Python worker", async () => {
    const there = await place();
    const { broker, backend } = there;
    const app = createApp("producer", {
      broker,
      backend,
      config: { taskDefaultQueue: there.queue, ...(maxPriority === undefined ? {} : { taskQueueMaxPriority: maxPriority }) },
    });
    const ids: string[] = [];
    for (const priority of [3, 9, 0, 6] as const satisfies readonly Priority[])
      ids.push((await app.sendTask("py.add", [1, priority], { priority })).id);
    const worker = await startPythonWorker(there);
    try {
      const order = await orderIn(worker.log, ids, (id) => new RegExp(`Task py\\.add\\[${id}\\] succeeded`));
      expect(order).toEqual([ids[1], ids[3], ids[0], ids[2]]);
    } finally {
      await worker.stop();
      await app.close();
    }
  });

  it("of a Python producer are kept by our worker", async () => {
    const there = await place();
    const ids = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const order = [2, 0, 3, 1];
    await callPython(
      there,
      order.map((n) => ({ do: "send", task: "js.add", args: [1, n], task_id: ids[n], priority: pythonSoonest[n] })),
    );
    const worker = await startInteropWorker(there);
    try {
      expect(await orderIn(worker.log, ids, (id) => new RegExp(`"taskId":"${id}".*task-succeeded`))).toEqual(ids);
    } finally {
      await worker.stop();
    }
  });
});
