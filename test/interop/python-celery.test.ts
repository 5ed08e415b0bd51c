/** The Python side by itself: what the other interop tests stand on works against our servers. */
import { afterAll, expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { callPython, type PythonPlace, type PythonWorker, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  { name: "redis", open: async () => ({ broker: await redisUrl(), backend: await redisUrl() }) },
  { name: "rabbitmq", open: async () => ({ broker: await amqpUrl(), backend: await redisUrl() }) },
];

beside.each(brokers)("Python Celery on $name", ({ open }) => {
  let worker: PythonWorker | undefined;
  afterAll(() => worker?.stop());

  it("sends, runs, retries, fails and answers", async () => {
    const place: PythonPlace = await open();
    worker = await startPythonWorker(place);
    const sent = await callPython(place, [
      { do: "send", task: "py.add", args: [2, 3] },
      { do: "send", task: "py.retry", args: [2] },
      { do: "send", task: "py.fail", args: ["gone"] },
      { do: "canvas", kind: "chord", tasks: [1, 2, 3].map((x) => ({ task: "py.add", args: [x, x] })), body: { task: "py.total" } },
      { do: "ping", nodes: [worker.nodeName] },
    ]);
    expect(sent[4]).toEqual({ [worker.nodeName]: { ok: "pong" } });
    const ids = sent.slice(0, 4).map((answer) => (answer as { id: string }).id);
    const outcomes = await callPython(
      place,
      ids.map((id) => ({ do: "get", id })),
    );
    expect(outcomes).toMatchObject([
      { state: "SUCCESS", result: 5 },
      { state: "SUCCESS", result: 2 },
      { state: "FAILURE", error: { type: "ValueError", args: ["gone"] } },
      { state: "SUCCESS", result: 12 },
    ]);
  });
});
