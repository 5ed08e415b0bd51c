/** Revoking, terminating and aborting across languages, on Redis and RabbitMQ: one command serves both kinds of worker. */
import { hostname } from "node:os";
import { type App, type AsyncResult, createApp } from "@celeriac/core";
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
    app = createApp("revoking", { broker: place.broker, backend });
    const toPython = { ...place, queue: "to-python" };
    [ours, python] = await Promise.all([
      startInteropWorker(place),
      startPythonWorker({ ...toPython, pool: "prefork", concurrency: 1, options: ["--without-gossip"] }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([ours?.stop(), python?.stop("SIGQUIT")]);
    await app?.close();
  });

  const begun = async (sent: Promise<AsyncResult<unknown>>) => {
    const result = await sent;
    await eventually(async () => (await result.state()) === "STARTED");
    return result;
  };
  const revokedFor = async (result: AsyncResult<unknown>) => {
    const end = await result.settled();
    return end.state === "REVOKED" ? end.error.reason : end.state;
  };
  const sleeping = () => begun(app.sendTask("py.sleep", [60], { queue: "to-python" }));

  it("Python revokes and terminates what our worker waits for and runs", async () => {
    const running = await begun(app.sendTask("js.wait", [], { queue: place.queue }));
    const [waiting, ended, list] = await callPython(place, [
      { do: "revoke", id: ["unwanted", "other"], nodes: [ourNode] },
      { do: "revoke", id: running.id, terminate: true, signal: "SIGTERM", nodes: [ourNode] },
      { do: "control", command: "revoked", arguments: {}, nodes: [ourNode] },
    ]);
    expect([waiting, ended]).toEqual([
      { [ourNode]: { ok: "tasks unwanted, other flagged as revoked" } },
      { [ourNode]: { ok: `terminate: ${running.id}` } },
    ]);
    expect(list).toEqual({ [ourNode]: ["unwanted", "other", running.id] });
    const unwanted = await app.sendTask("js.add", [1, 2], { queue: place.queue, taskId: "unwanted" });
    expect([await revokedFor(running), await revokedFor(unwanted)]).toEqual(["terminated", "revoked"]);
    const [seen] = await callPython(place, [{ do: "get", id: "unwanted" }]);
    expect(seen).toMatchObject({ state: "REVOKED", error: { type: "TaskRevokedError", args: ["revoked"] } });
  });

  it("we revoke and terminate what a Python worker waits for and runs", async () => {
    const running = await sleeping();
    const waiting = await app.sendTask("py.add", [1, 2], { queue: "to-python" });
    expect(await app.control.revoke(waiting.id, { destination: python.nodeName, reply: true })).toEqual({
      [python.nodeName]: { ok: expect.stringMatching(/^tasks .* flagged as revoked$/) },
    });
    await running.revoke({ terminate: true, signal: "SIGKILL" });
    expect([await revokedFor(running), await revokedFor(waiting)]).toEqual(["terminated", "revoked"]);
  });

  it("abort reaches our running task, and keeps a Python worker from beginning what it aborts, though not from going on", async () => {
    const [here, there] = await Promise.all([begun(app.sendTask("js.wait", [], { queue: place.queue })), sleeping()]);
    const waiting = await app.sendTask("py.add", [1, 2], { queue: "to-python" });
    await Promise.all([here, there, waiting].map((result) => result.abort("user left")));
    expect(await revokedFor(here)).toBe("user left");
    await eventually(async () => {
      const [known] = Object.values(await app.control.inspect("revoked", { destination: python.nodeName }));
      expect(known).toEqual(expect.arrayContaining([there.id, waiting.id]));
    });
    expect(await there.state()).toBe("STARTED");
    await there.revoke({ terminate: true });
    expect([await revokedFor(there), await revokedFor(waiting)]).toEqual(["terminated", "revoked"]);
  });

  it("workers that start learn from those of the other kind what is revoked", async () => {
    const revoke = (id: string, destination: string) => app.control.revoke(id, { destination, reply: true });
    await Promise.all([revoke("known here", ourNode), revoke("known to Python", python.nodeName)]);
    const [newOurs, newPython] = await Promise.all([
      startInteropWorker({ ...place, queue: "nobody's", hostname: "new@here" }),
      startPythonWorker({ ...place, queue: "nobody's", options: ["--without-gossip"] }),
    ]);
    try {
      const known = async (destination: string) => Object.values(await app.control.inspect("revoked", { destination }))[0];
      await eventually(async () => expect(await known("new@here")).toEqual(expect.arrayContaining(["known here", "known to Python"])));
      expect(await known(newPython.nodeName)).toEqual(expect.arrayContaining(["known here", "known to Python"]));
    } finally {
      await Promise.all([newOurs.stop(), newPython.stop("SIGQUIT")]);
    }
  });
});
