/** Remote control across languages, on Redis and RabbitMQ: Python's tools ask and change our worker, ours a Python worker. */
import { hostname } from "node:os";
import { type App, createApp } from "@celeriac/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type InteropWorker, startInteropWorker } from "../support/interop/worker.ts";
import { callPython, type PythonWorker, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  { name: "redis", open: redisUrl },
  { name: "rabbitmq", open: amqpUrl },
];

describe.each(brokers)("$name", { timeout: 60_000 }, ({ open }) => {
  const ourNode = `celery@${hostname()}`;
  let app: App;
  let place: { broker: string; backend: string; queue: string };
  let ours: InteropWorker;
  let python: PythonWorker;

  beforeAll(async () => {
    const backend = await redisUrl();
    place = { broker: await open(), backend, queue: "to-ours" };
    app = createApp("operator", { broker: place.broker, backend });
    [ours, python] = await Promise.all([
      startInteropWorker(place),
      startPythonWorker({ ...place, queue: "to-python", pool: "prefork", concurrency: 1, options: ["--without-gossip"] }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([ours?.stop(), python?.stop("SIGQUIT")]);
    await app?.close();
  });

  it("Python inspects our worker", async () => {
    const running = await app.sendTask("js.wait", [], { queue: place.queue });
    await eventually(async () => (await running.state()) === "STARTED");
    const nodes = [ourNode];
    const asked = ["ping", "active", "reserved", "scheduled", "registered", "stats", "conf", "clock"];
    const answers = await callPython(place, [
      ...asked.map((what) => ({ do: "inspect" as const, what, nodes })),
      { do: "control", command: "query_task", arguments: { ids: [running.id] }, nodes },
    ]);
    const byNode = (answers as Record<string, unknown>[]).map((answer) => answer[ourNode]);
    const [ping, active, reserved, scheduled, registered, stats, conf, clock] = byNode;
    expect(ping).toEqual({ ok: "pong" });
    expect(active).toMatchObject([{ id: running.id, name: "js.wait", args: [], hostname: ourNode, time_start: expect.any(Number) }]);
    expect([reserved, scheduled]).toEqual([[], []]);
    expect(registered).toContain("js.add");
    expect(stats).toMatchObject({ total: { "js.wait": 1 }, pool: { "max-concurrency": 1 } });
    expect(conf).toMatchObject({ result_extended: true });
    expect(clock).toEqual({ clock: expect.any(Number) });
    expect(byNode.at(-1)).toMatchObject({ [running.id]: ["active", { id: running.id }] });
    await running.abort();
    await running.settled();
  });

  it("we inspect a Python worker", async () => {
    const destination = python.nodeName;
    const running = await app.sendTask("py.sleep", [60], { queue: "to-python" });
    await eventually(async () => (await running.state()) === "STARTED");
    const ask = async (what: "active" | "registered" | "stats") =>
      (await app.control.inspect(what, { destination, timeout: "20s" }))[destination];
    expect(await app.control.ping({ destination: [destination, ourNode], timeout: "20s" })).toEqual({
      [destination]: "pong",
      [ourNode]: "pong",
    });
    expect(await ask("active")).toMatchObject([{ id: running.id, name: "py.sleep", args: [60] }]);
    expect(await ask("registered")).toContain("py.add");
    expect(await ask("stats")).toMatchObject({ total: { "py.sleep": 1 }, pool: { "max-concurrency": 1 } });
    await running.revoke({ terminate: true, signal: "SIGKILL" });
    await running.settled();
  });

  it("both add a queue and leave it when Python says so, and tell the same of it", async () => {
    const nodes = [ourNode, python.nodeName];
    const both = (command: string, queue: string) => ({ do: "control" as const, command, arguments: { queue }, nodes });
    const [added, told] = (await callPython(place, [both("add_consumer", "shared"), { do: "inspect", what: "active_queues", nodes }])) as [
      unknown,
      Record<string, { name: string }[]>,
    ];
    expect(added).toEqual(Object.fromEntries(nodes.map((node) => [node, { ok: "add consumer shared" }])));
    const [oursTold, pythonsTold] = nodes.map((node) => told[node]!.find(({ name }) => name === "shared"));
    expect(oursTold).toEqual(pythonsTold);
    const [cancelled] = await callPython(place, [{ ...both("cancel_consumer", "shared"), nodes: [python.nodeName] }]);
    expect(cancelled).toEqual({ [python.nodeName]: { ok: "no longer consuming from shared" } });
    expect(await (await app.sendTask("js.add", [2, 3], { queue: "shared" })).get({ timeout: "30s" })).toBe(5);
    const [left] = await callPython(place, [{ ...both("cancel_consumer", "shared"), nodes: [ourNode] }]);
    expect(left).toEqual({ [ourNode]: { ok: "no longer consuming from shared" } });
  });

  it("we let a Python worker consume a queue and leave it", async () => {
    const told = { destination: python.nodeName, reply: true, timeout: "20s" } as const;
    expect(await app.control.addConsumer("more-python", told)).toEqual({ [python.nodeName]: { ok: "add consumer more-python" } });
    expect(await (await app.sendTask("py.add", [2, 3], { queue: "more-python" })).get({ timeout: "30s" })).toBe(5);
    expect(await app.control.cancelConsumer("more-python", told)).toEqual({
      [python.nodeName]: { ok: "no longer consuming from more-python" },
    });
    // Python's answers before it has done so.
    await eventually(async () => {
      const queues = (await app.control.inspect("active_queues", told))[python.nodeName] as readonly { readonly name: string }[];
      expect(queues.map(({ name }) => name)).toEqual(["to-python"]);
    });
  });

  it("each limits the other's rate, which is kept", async () => {
    const destination = python.nodeName;
    const limit = (task: string, rate: string | number) =>
      callPython(place, [{ do: "rate_limit", task, rate, nodes: [ourNode] }]).then(
        ([answer]) => (answer as Record<string, unknown>)[ourNode],
      );
    expect(await limit("js.now", "20/s")).toEqual({ ok: "new rate limit set successfully" });
    const answers = await app.control.rateLimit("py.now", "10/s", { destination, reply: true, timeout: "20s" });
    expect(answers).toEqual({ [destination]: { ok: "new rate limit set successfully" } });
    // A busy machine, and Python's worker on any, keep below the rate; neither is ever above it.
    const [ofOurs, ofPython] = await Promise.all([
      secondsUntilAllBegan("js.now", place.queue, 21),
      secondsUntilAllBegan("py.now", "to-python", 6),
    ]);
    expect(ofOurs).toBeGreaterThan(0.99);
    expect(ofPython).toBeGreaterThan(0.49);
    expect(await limit("js.now", 0)).toEqual({ ok: "rate limit disabled successfully" });
    expect(await limit("js.nowhere", "1/s")).toEqual({ error: "unknown task" });
  });

  /** From before the first was sent to the beginning of the last of so many. */
  async function secondsUntilAllBegan(task: string, queue: string, count: number): Promise<number> {
    const sentAt = Date.now() / 1_000;
    const sent = await Promise.all(Array.from({ length: count }, () => app.sendTask(task, [], { queue })));
    const began = (await Promise.all(sent.map((each) => each.get({ timeout: "30s" })))) as number[];
    return Math.max(...began) - sentAt;
  }

  it("each makes the other's pool larger", async () => {
    const [grown, stats] = await callPython(place, [
      { do: "control", command: "pool_grow", arguments: { n: 1 }, nodes: [ourNode] },
      { do: "inspect", what: "stats", nodes: [ourNode] },
    ]);
    expect(grown).toEqual({ [ourNode]: { ok: "pool will grow" } });
    expect(stats).toMatchObject({ [ourNode]: { pool: { "max-concurrency": 2 } } });
    const destination = python.nodeName;
    expect(await app.control.broadcast("pool_grow", { n: 1 }, { destination, reply: true, timeout: "20s" })).toEqual({
      [destination]: { ok: "pool will grow" },
    });
  });

  it("each turns the other's events on and off, and stops it", async () => {
    const [again, off] = await callPython(place, [
      { do: "control", command: "enable_events", arguments: {}, nodes: [ourNode] },
      { do: "control", command: "disable_events", arguments: {}, nodes: [ourNode] },
    ]);
    expect([again, off]).toEqual([{ [ourNode]: { ok: "task events enabled" } }, { [ourNode]: { ok: "task events disabled" } }]);
    const destination = python.nodeName;
    expect(await app.control.broadcast("disable_events", {}, { destination, reply: true, timeout: "20s" })).toEqual({
      [destination]: { ok: expect.stringMatching(/^task events (already )?disabled$/) },
    });
    await callPython(place, [{ do: "control", command: "shutdown", arguments: {}, nodes: [ourNode], timeout: 1 }]);
    await app.control.broadcast("shutdown", {}, { destination });
    await eventually(async () => Object.keys(await app.control.ping({ timeout: "300ms" })).length === 0, { withinMs: 30_000 });
  });
});
