/** Remote control across languages, on Redis and RabbitMQ: Python's tools ask and change our worker, ours a Python worker. */
import { expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { bothBrokers, ourNode, pythonQueue, useBothKinds } from "../support/interop/both-kinds.ts";
import { callPython } from "../support/python-celery.ts";

beside.each(bothBrokers)("$name", { timeout: 60_000 }, ({ open }) => {
  const both = useBothKinds(open);

  it("Python inspects our worker", async () => {
    const running = await both.app.sendTask("js.wait", [], { queue: both.place.queue });
    await eventually(async () => (await running.state()) === "STARTED");
    const nodes = [ourNode];
    const asked = ["ping", "active", "reserved", "scheduled", "registered", "stats", "conf", "clock"];
    const answers = await callPython(both.place, [
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
    const destination = both.python.nodeName;
    const running = await both.app.sendTask("py.sleep", [60], { queue: pythonQueue });
    await eventually(async () => (await running.state()) === "STARTED");
    const ask = async (what: "active" | "registered" | "stats") =>
      (await both.app.control.inspect(what, { destination, timeout: "20s" }))[destination];
    expect(await both.app.control.ping({ destination: [destination, ourNode], timeout: "20s" })).toEqual({
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
    const nodes = [ourNode, both.python.nodeName];
    const ofBoth = (command: string, queue: string) => ({ do: "control" as const, command, arguments: { queue }, nodes });
    const [added] = await callPython(both.place, [ofBoth("add_consumer", "shared")]);
    expect(added).toEqual(Object.fromEntries(nodes.map((node) => [node, { ok: "add consumer shared" }])));
    // Python's answers before it has done so.
    await eventually(async () => {
      const [told] = (await callPython(both.place, [{ do: "inspect", what: "active_queues", nodes }])) as [
        Record<string, { name: string }[]>,
      ];
      const [oursTold, pythonsTold] = nodes.map((node) => told[node]!.find(({ name }) => name === "shared"));
      expect(pythonsTold).toBeDefined();
      expect(oursTold).toEqual(pythonsTold);
    });
    const [cancelled] = await callPython(both.place, [{ ...ofBoth("cancel_consumer", "shared"), nodes: [both.python.nodeName] }]);
    expect(cancelled).toEqual({ [both.python.nodeName]: { ok: "no longer consuming from shared" } });
    expect(await (await both.app.sendTask("js.add", [2, 3], { queue: "shared" })).get({ timeout: "30s" })).toBe(5);
    const [left] = await callPython(both.place, [{ ...ofBoth("cancel_consumer", "shared"), nodes: [ourNode] }]);
    expect(left).toEqual({ [ourNode]: { ok: "no longer consuming from shared" } });
  });

  it("we let a Python worker consume a queue and leave it", async () => {
    const told = { destination: both.python.nodeName, reply: true, timeout: "20s" } as const;
    expect(await both.app.control.addConsumer("more-python", told)).toEqual({ [both.python.nodeName]: { ok: "add consumer more-python" } });
    expect(await (await both.app.sendTask("py.add", [2, 3], { queue: "more-python" })).get({ timeout: "30s" })).toBe(5);
    expect(await both.app.control.cancelConsumer("more-python", told)).toEqual({
      [both.python.nodeName]: { ok: "no longer consuming from more-python" },
    });
    await eventually(async () => {
      const queues = (await both.app.control.inspect("active_queues", told))[both.python.nodeName] as readonly { readonly name: string }[];
      expect(queues.map(({ name }) => name)).toEqual([pythonQueue]);
    });
  });

  it("each limits the other's rate, which is kept", async () => {
    const destination = both.python.nodeName;
    const limit = (task: string, rate: string | number) =>
      callPython(both.place, [{ do: "rate_limit", task, rate, nodes: [ourNode] }]).then(
        ([answer]) => (answer as Record<string, unknown>)[ourNode],
      );
    expect(await limit("js.now", "20/s")).toEqual({ ok: "new rate limit set successfully" });
    const answers = await both.app.control.rateLimit("py.now", "10/s", { destination, reply: true, timeout: "20s" });
    expect(answers).toEqual({ [destination]: { ok: "new rate limit set successfully" } });
    // A busy machine, and Python's worker on any, keep below the rate; neither is ever above it, but that Python lets two begin at once.
    const [ofOurs, ofPython] = await Promise.all([
      secondsUntilAllBegan("js.now", both.place.queue, 21),
      secondsUntilAllBegan("py.now", pythonQueue, 6),
    ]);
    expect(ofOurs).toBeGreaterThan(0.99);
    expect(ofPython).toBeGreaterThan(0.39);
    expect(await limit("js.now", 0)).toEqual({ ok: "rate limit disabled successfully" });
    expect(await limit("js.nowhere", "1/s")).toEqual({ error: "unknown task" });
  });

  /** From before the first was sent to the beginning of the last of so many. */
  async function secondsUntilAllBegan(task: string, queue: string, count: number): Promise<number> {
    const sentAt = Date.now() / 1_000;
    const sent = await Promise.all(Array.from({ length: count }, () => both.app.sendTask(task, [], { queue })));
    const began = (await Promise.all(sent.map((each) => each.get({ timeout: "30s" })))) as number[];
    return Math.max(...began) - sentAt;
  }

  it("each makes the other's pool larger", async () => {
    const [grown, stats] = await callPython(both.place, [
      { do: "control", command: "pool_grow", arguments: { n: 1 }, nodes: [ourNode] },
      { do: "inspect", what: "stats", nodes: [ourNode] },
    ]);
    expect(grown).toEqual({ [ourNode]: { ok: "pool will grow" } });
    expect(stats).toMatchObject({ [ourNode]: { pool: { "max-concurrency": 2 } } });
    const destination = both.python.nodeName;
    expect(await both.app.control.broadcast("pool_grow", { n: 1 }, { destination, reply: true, timeout: "20s" })).toEqual({
      [destination]: { ok: "pool will grow" },
    });
  });

  it("each turns the other's events on and off, and stops it", async () => {
    const [again, off] = await callPython(both.place, [
      { do: "control", command: "enable_events", arguments: {}, nodes: [ourNode] },
      { do: "control", command: "disable_events", arguments: {}, nodes: [ourNode] },
    ]);
    expect([again, off]).toEqual([{ [ourNode]: { ok: "task events enabled" } }, { [ourNode]: { ok: "task events disabled" } }]);
    const destination = both.python.nodeName;
    expect(await both.app.control.broadcast("disable_events", {}, { destination, reply: true, timeout: "20s" })).toEqual({
      [destination]: { ok: expect.stringMatching(/^task events (already )?disabled$/) },
    });
    await callPython(both.place, [{ do: "control", command: "shutdown", arguments: {}, nodes: [ourNode], timeout: 1 }]);
    await both.app.control.broadcast("shutdown", {}, { destination });
    await eventually(async () => Object.keys(await both.app.control.ping({ timeout: "300ms" })).length === 0, { withinMs: 30_000 });
  });
});
