/** Exchanges that a Python process and ours share: what one declares and sends is found by the other. */
import { randomUUID } from "node:crypto";
import { createApp } from "@celeriac/core";
import { expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { startInteropWorker } from "../support/interop/worker.ts";
import { type BoundQueue, callPython, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

/** Two queues on one exchange. */
function boundQueues(exchangeType: "topic" | "fanout", first: string, second: string) {
  const [exchange, one, two] = [randomUUID(), randomUUID(), randomUUID()];
  return [
    { name: one, exchange, exchangeType, routingKey: first },
    { name: two, exchange, exchangeType, routingKey: second },
  ] as const;
}

const count = (text: string, pattern: RegExp) => text.match(new RegExp(pattern, "g"))?.length ?? 0;

beside.each([
  { name: "Redis", broker: redisUrl },
  { name: "RabbitMQ", broker: amqpUrl },
])("exchanges on $name", ({ broker }) => {
  const place = async (taskQueues: readonly BoundQueue[]) => ({
    broker: await broker(),
    backend: await redisUrl(),
    queue: taskQueues.map(({ name }) => name).join(","),
    taskQueues,
  });

  it("of type topic lead what we send to the queues of a Python worker", async () => {
    const taskQueues = boundQueues("topic", "orders.#", "*.created");
    const there = await place(taskQueues);
    const { exchange } = taskQueues[0];
    const app = createApp("producer", { broker: there.broker, backend: there.backend, config: { taskQueues } });
    const worker = await startPythonWorker({ ...there, queue: taskQueues[0].name, queues: taskQueues.map(({ name }) => name) });
    try {
      const both = await app.sendTask("py.add", [1, 2], { exchange, routingKey: "orders.created" });
      const one = await app.sendTask("py.add", [3, 4], { queue: taskQueues[0].name, routingKey: "orders.eu.paid" });
      expect(await both.get()).toBe(3);
      expect(await one.get()).toBe(7);
      const received = (id: string) => count(worker.log(), new RegExp(`Task py\\.add\\[${id}\\] received`));
      await eventually(() => expect([received(both.id), received(one.id)]).toEqual([2, 1]));
    } finally {
      await worker.stop();
      await app.close();
    }
  });

  it.each(["topic", "fanout"] as const)("of type %s lead what Python sends to the queues of our worker", async (exchangeType) => {
    const taskQueues = boundQueues(exchangeType, "orders.#", exchangeType === "topic" ? "*.created" : "orders.created");
    const there = await place(taskQueues);
    const worker = await startInteropWorker(there);
    try {
      const send = { do: "send", task: "js.add", args: [1, 2], queue: taskQueues[0].name, routing_key: "orders.created" } as const;
      const [sent] = (await callPython({ ...there, queue: taskQueues[0].name }, [send])) as [{ id: string }];
      await eventually(() => expect(count(worker.log(), new RegExp(`"taskId":"${sent.id}".*task-succeeded`))).toBe(2));
    } finally {
      await worker.stop();
    }
  });

  it("of a broadcast give what we send to every Python worker", async () => {
    const there = await place([{ name: randomUUID(), broadcast: true }]);
    const app = createApp("producer", { broker: there.broker, backend: there.backend, config: { taskQueues: there.taskQueues } });
    // Its default queue is that of ours, for its name is in the channel.
    const python = { ...there, queue: "celery", queues: [there.queue] };
    const workers = await Promise.all([startPythonWorker(python), startPythonWorker(python)]);
    try {
      const ran = (id: string) => workers.map((worker) => count(worker.log(), new RegExp(`Task py\\.add\\[${id}\\] succeeded`)));
      // On Redis they begin to listen after they have said that they are ready.
      await eventually(async () => {
        const { id } = await app.sendTask("py.add", [1, 2], { queue: there.queue });
        await eventually(() => expect(ran(id)).toEqual([1, 1]), { withinMs: 2_000 });
      });
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
      await app.close();
    }
  });

  it("of a broadcast give what Python sends to every worker of ours", async () => {
    const there = await place([{ name: randomUUID(), broadcast: true }]);
    const workers = await Promise.all([startInteropWorker(there), startInteropWorker(there)]);
    try {
      const send = { do: "send", task: "js.add", args: [1, 2], broadcast: there.queue } as const;
      const [sent] = (await callPython(there, [send])) as [{ id: string }];
      const ran = () => workers.map((worker) => count(worker.log(), new RegExp(`"taskId":"${sent.id}".*task-succeeded`)));
      await eventually(() => expect(ran()).toEqual([1, 1]));
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
    }
  });

  it("of type fanout lead what we send to a Python worker's queue", async () => {
    const taskQueues = boundQueues("fanout", "news", "news").slice(0, 1);
    const there = await place(taskQueues);
    const app = createApp("producer", { broker: there.broker, backend: there.backend, config: { taskQueues } });
    const worker = await startPythonWorker(there);
    try {
      // On Redis it begins to listen after it has said that it is ready; until then nobody does.
      const sent = await eventually(() => app.sendTask("py.add", [1, 2], { queue: there.queue }));
      expect(await sent.get()).toBe(3);
    } finally {
      await worker.stop();
      await app.close();
    }
  });
});
