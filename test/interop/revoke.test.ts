/** Revoking, terminating and aborting across languages, on Redis and RabbitMQ: one command serves both kinds of worker. */
import type { AsyncResult } from "@celeriac/core";
import { expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { bothBrokers, ourNode, pythonQueue, useBothKinds } from "../support/interop/both-kinds.ts";
import { startInteropWorker } from "../support/interop/worker.ts";
import { callPython, startPythonWorker } from "../support/python-celery.ts";

beside.each(bothBrokers)("$name", { timeout: 60_000 }, ({ open }) => {
  const both = useBothKinds(open);

  const begun = async (sent: Promise<AsyncResult<unknown>>) => {
    const result = await sent;
    await eventually(async () => (await result.state()) === "STARTED");
    return result;
  };
  const revokedFor = async (result: AsyncResult<unknown>) => {
    const end = await result.settled();
    return end.state === "REVOKED" ? end.error.reason : end.state;
  };
  const sleeping = () => begun(both.app.sendTask("py.sleep", [60], { queue: pythonQueue }));

  it("Python revokes and terminates what our worker waits for and runs", async () => {
    const running = await begun(both.app.sendTask("js.wait", [], { queue: both.place.queue }));
    const [waiting, ended, list] = await callPython(both.place, [
      { do: "revoke", id: ["unwanted", "other"], nodes: [ourNode] },
      { do: "revoke", id: running.id, terminate: true, signal: "SIGTERM", nodes: [ourNode] },
      { do: "control", command: "revoked", arguments: {}, nodes: [ourNode] },
    ]);
    expect([waiting, ended]).toEqual([
      { [ourNode]: { ok: "tasks unwanted, other flagged as revoked" } },
      { [ourNode]: { ok: `terminate: ${running.id}` } },
    ]);
    expect(list).toEqual({ [ourNode]: ["unwanted", "other", running.id] });
    const unwanted = await both.app.sendTask("js.add", [1, 2], { queue: both.place.queue, taskId: "unwanted" });
    expect([await revokedFor(running), await revokedFor(unwanted)]).toEqual(["terminated", "revoked"]);
    const [seen] = await callPython(both.place, [{ do: "get", id: "unwanted" }]);
    expect(seen).toMatchObject({ state: "REVOKED", error: { type: "TaskRevokedError", args: ["revoked"] } });
  });

  it("we revoke and terminate what a Python worker waits for and runs", async () => {
    const running = await sleeping();
    const waiting = await both.app.sendTask("py.add", [1, 2], { queue: pythonQueue });
    expect(await both.app.control.revoke(waiting.id, { destination: both.python.nodeName, reply: true, timeout: "20s" })).toEqual({
      [both.python.nodeName]: { ok: expect.stringMatching(/^tasks .* flagged as revoked$/) },
    });
    await running.revoke({ terminate: true, signal: "SIGKILL" });
    expect([await revokedFor(running), await revokedFor(waiting)]).toEqual(["terminated", "revoked"]);
  });

  it("abort reaches our running task, and keeps a Python worker from beginning what it aborts, though not from going on", async () => {
    const [here, there] = await Promise.all([begun(both.app.sendTask("js.wait", [], { queue: both.place.queue })), sleeping()]);
    const waiting = await both.app.sendTask("py.add", [1, 2], { queue: pythonQueue });
    await Promise.all([here, there, waiting].map((result) => result.abort("user left")));
    expect(await revokedFor(here)).toBe("user left");
    await eventually(async () => {
      const [known] = Object.values(await both.app.control.inspect("revoked", { destination: both.python.nodeName, timeout: "20s" }));
      expect(known).toEqual(expect.arrayContaining([there.id, waiting.id]));
    });
    expect(await there.state()).toBe("STARTED");
    await there.revoke({ terminate: true });
    expect([await revokedFor(there), await revokedFor(waiting)]).toEqual(["terminated", "revoked"]);
  });

  it("workers that start learn from those of the other kind what is revoked", async () => {
    const revoke = (id: string, destination: string) => both.app.control.revoke(id, { destination, reply: true, timeout: "20s" });
    await Promise.all([revoke("known here", ourNode), revoke("known to Python", both.python.nodeName)]);
    const [newOurs, newPython] = await Promise.all([
      startInteropWorker({ ...both.place, queue: "nobody's", hostname: "new@here" }),
      startPythonWorker({ ...both.place, queue: "nobody's", mingles: true, options: ["--without-gossip"] }),
    ]);
    try {
      const known = async (destination: string) =>
        Object.values(await both.app.control.inspect("revoked", { destination, timeout: "20s" }))[0];
      await eventually(async () => expect(await known("new@here")).toEqual(expect.arrayContaining(["known here", "known to Python"])));
      expect(await known(newPython.nodeName)).toEqual(expect.arrayContaining(["known here", "known to Python"]));
    } finally {
      await Promise.all([newOurs.stop(), newPython.stop("SIGQUIT")]);
    }
  });
});
