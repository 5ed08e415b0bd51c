/** Our producers with Python's workers, Python's producers with ours, and both kinds of worker on one queue; on Redis and RabbitMQ. */
import { randomUUID } from "node:crypto";
import { type App, createApp, TaskError } from "@celeriac/core";
import type { ResultTuple } from "@celeriac/core/runtime";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { type InteropWorker, startInteropWorker } from "../support/interop/worker.ts";
import { callPython, type PythonPlace, type PythonStep, type PythonWorker, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  {
    name: "redis",
    open: async () => {
      const broker = await redisUrl();
      return { broker, backend: broker };
    },
  },
  { name: "rabbitmq", open: async () => ({ broker: await amqpUrl(), backend: "rpc://" }) },
];
const unicode = "Grüße, 世界 🌍 \u0000 \u2028";

beside.each(brokers)("$name", ({ name, open }) => {
  let place: { broker: string; backend: string };
  beforeAll(async () => {
    place = await open();
  });

  describe("our producer, a Python worker", () => {
    let app: App;
    let worker: PythonWorker;
    beforeAll(async () => {
      const python: PythonPlace = { ...place, queue: "to-python" };
      worker = await startPythonWorker(python);
      app = createApp("producer", { broker: place.broker, backend: place.backend, config: { taskDefaultQueue: "to-python" } });
    });
    afterAll(async () => {
      await app?.close();
      await worker?.stop();
    });
    const get = <R>(task: string, args: unknown[] = [], options = {}) => app.sendTask<R>(task, args, options).get({ timeout: "30s" });

    it("hands over args, kwargs and unicode, and reads the result", async () => {
      expect(await get("py.add", [2, 3])).toBe(5);
      const args = [1, -2.5, null, true, unicode, [1, [2]], { k: { n: [] } }];
      expect(await get("py.echo", args, { kwargs: { key: unicode } })).toEqual({ args, kwargs: { key: unicode } });
    });

    it("reads its exceptions with type, arguments and traceback", async () => {
      const failure = await get("py.fail", ["gone"]).catch((error: unknown) => error);
      expect(TaskError.is(failure) && failure.remote).toMatchObject({
        type: "ValueError",
        module: "builtins",
        args: ["gone"],
        traceback: expect.stringContaining("ValueError: gone"),
      });
      const own = await get("py.refuse").catch((error: unknown) => error);
      expect(TaskError.is(own) && own.remote).toMatchObject({ type: "Refused", args: ["because", 7] });
    });

    it("is run again by it when a task retries", async () => {
      expect(await get("py.retry", [2])).toBe(2);
    });

    it("gives it eta, expiry, limits, parents and headers that it understands", async () => {
      const eta = new Date(Date.now() + 300);
      const request = await get<Record<string, unknown>>("py.request", [1], {
        eta,
        expires: 600,
        timeLimit: 60,
        softTimeLimit: 50,
        headers: { "x-tenant": "acme" },
        kwargs: {},
      }).catch(() => null);
      // py.request takes no arguments: the call above fails in Python, as a wrong call does.
      expect(request).toBeNull();
      const seen = await get<Record<string, unknown>>("py.request", [], {
        eta,
        expires: 600,
        timeLimit: 60,
        softTimeLimit: 50,
        headers: { "x-tenant": "acme" },
      });
      expect(seen).toMatchObject({ retries: 0, timelimit: [60, 50], parent_id: null, ignore_result: false });
      expect(Date.parse(seen["eta"] as string)).toBe(eta.getTime());
      expect(Date.parse(seen["expires"] as string)).toBeGreaterThan(Date.now() + 500_000);
      expect(seen["root_id"]).toBe(seen["id"]);
    });

    it("has an expired task revoked by it", async () => {
      const sent = await app.sendTask("py.add", [1, 1], { countdown: "1s", expires: "400ms" });
      // RabbitMQ may drop the message itself, then nobody answers.
      if (name === "redis") expect(await sent.settled({ timeout: "30s" })).toMatchObject({ state: "REVOKED" });
    });

    it("gets no result of a task that ignores it", async () => {
      const sent = await app.sendTask("py.silent");
      await get("py.add", [1, 1]);
      expect((await sent.snapshot()).state).toBe("PENDING");
    });

    it("finds a group that Python has saved, and saves one that Python finds", async () => {
      const python: PythonPlace = { ...place, queue: "to-python" };
      if (name === "rabbitmq") {
        await expect(app.restoreGroup("any")).rejects.toMatchObject({ code: "RESULT_GROUPS" });
        return;
      }
      const tasks = [1, 2, 3].map((n) => ({ task: "py.add", args: [n, n] }));
      const [theirs] = (await callPython(python, [{ do: "save_group", tasks }])) as [ResultTuple];
      const group = await app.restoreGroup<number>(theirs[0][0]);
      expect(await group?.get({ timeout: "30s" })).toEqual([2, 4, 6]);
      expect(await group?.parent?.get()).toBe(2);
      expect(await (await group!.parent!.children())[0]!.get()).toEqual([2, 4, 6]);
      // In its place lies what we write from now on.
      await group!.save();
      const restored = await callPython(python, [
        { do: "restore_group", id: group!.id },
        { do: "restore_group", id: randomUUID() },
      ]);
      expect(restored).toEqual([{ tuple: theirs, values: [2, 4, 6] }, null]);
      await group!.forget();
      expect(await app.restoreGroup(group!.id)).toBeNull();
    });

    it("carries a megabyte each way", async () => {
      expect(await get("py.length", ["ä".repeat(1_000_000)])).toBe(1_000_000);
      expect((await get<string>("py.big", [1_000_000])).length).toBe(1_000_000);
    });
  });

  describe("a Python producer, our worker", () => {
    let python: PythonPlace;
    let worker: InteropWorker;
    beforeAll(async () => {
      python = { ...place, queue: "to-node" };
      worker = await startInteropWorker({ ...place, queue: "to-node" });
    });
    afterAll(() => worker?.stop());

    /** Sends and reads in one Python process: with rpc:// only the sender gets the results. */
    async function run(sends: readonly Omit<PythonStep, "do">[], place = python): Promise<Record<string, unknown>[]> {
      const steps = sends.map((send) => ({ do: "send" as const, task_id: randomUUID(), ...send }));
      const outcomes = await callPython(place, [...steps, ...steps.map(({ task_id: id }) => ({ do: "get" as const, id }))]);
      return outcomes.slice(steps.length) as Record<string, unknown>[];
    }

    it("runs args, kwargs, unicode and big payloads and answers with the result", async () => {
      const args = [1, -2.5, null, true, unicode, [1, [2]], { k: { n: [] } }];
      const outcomes = await run([
        { task: "js.add", args: [2, 3] },
        { task: "js.add", args: [2], kwargs: { y: 40 } },
        { task: "js.echo", args },
        { task: "js.length", args: ["ä".repeat(1_000_000)] },
        { task: "js.big", args: [1_000_000] },
      ]);
      expect(outcomes.map(({ state }) => state)).toEqual(Array(5).fill("SUCCESS"));
      expect(outcomes.slice(0, 4).map(({ result }) => result)).toEqual([5, 42, args, 1_000_000]);
      expect(outcomes[4]?.["result"]).toHaveLength(1_000_000);
    });

    it("runs what Python sends in protocol 1, in YAML, and compressed", async () => {
      const args = [unicode, 1.5, null, [true, { k: [] }]];
      const steps = [
        ...["gzip", "bzip2"].map((compression) => ({ task: "js.echo", args, compression })),
        { task: "js.echo", args, serializer: "yaml", compression: "zlib" },
        { task: "js.retry", args: [1], serializer: "yaml", compression: "bzip2" },
      ];
      const outcomes = [...(await run(steps)), ...(await run(steps, { ...python, protocol: 1 }))];
      expect(outcomes.map(({ state, result }) => [state, result])).toEqual(
        [args, args, args, 1, args, args, args, 1].map((value) => ["SUCCESS", value]),
      );
    });

    it("raises its errors in Python by type and message", async () => {
      const [failed, unknown, called] = await run([
        { task: "js.fail", args: ["too far"] },
        { task: "js.nowhere", args: [] },
        { task: "js.add", args: [1], kwargs: { z: 1 } },
      ]);
      expect(failed).toMatchObject({
        state: "FAILURE",
        error: { type: "RangeError", args: ["too far"] },
        traceback: expect.stringContaining("RangeError: too far"),
      });
      expect(unknown).toMatchObject({ state: "FAILURE", error: { type: "NotRegistered", args: ["js.nowhere"] } });
      expect(called).toMatchObject({ state: "FAILURE" });
    });

    it("retries, keeps eta and expiry, and tells its children", async () => {
      const eta = new Date(Date.now() + 1_200).toISOString();
      const [retried, seen, expired, parent] = await run([
        { task: "js.retry", args: [2] },
        { task: "js.request", eta, expires: 600, headers: { "x-tenant": "acme" }, priority: 3 },
        // RabbitMQ itself drops what has expired, so nobody would answer there.
        { task: "js.add", args: [1, 1], expires: name === "redis" ? -5 : 600 },
        { task: "js.child" },
      ]);
      expect(retried).toMatchObject({ state: "SUCCESS", result: 2 });
      expect(seen).toMatchObject({
        state: "SUCCESS",
        result: { retries: 0, headers: { "x-tenant": "acme" }, queue: "to-node", isEager: false },
      });
      expect(Date.parse((seen?.["result"] as { eta: string } | undefined)?.eta ?? "")).toBe(Date.parse(eta));
      expect(expired?.["state"]).toBe(name === "redis" ? "REVOKED" : "SUCCESS");
      expect(parent).toMatchObject({ state: "SUCCESS", result: "sent", children: [expect.any(String)] });
    });

    it("stores nothing for a task that ignores its result", async () => {
      const id = randomUUID();
      const silent = callPython(python, [
        { do: "send", task: "js.silent", task_id: id },
        { do: "get", id, timeout: 1 },
      ]);
      await expect(silent).rejects.toThrow("TimeoutError");
      await eventually(() => expect(worker.log()).toMatch(new RegExp(`"taskId":"${id}".*task-succeeded`)));
    });
  });

  it("serves one queue with both kinds of worker", async () => {
    const queue = "shared";
    const [python, node] = await Promise.all([startPythonWorker({ ...place, queue }), startInteropWorker({ ...place, queue })]);
    const app = createApp("producer", { broker: place.broker, backend: place.backend, config: { taskDefaultQueue: queue } });
    try {
      const sent = await Promise.all(Array.from({ length: 400 }, (_, n) => app.sendTask<{ args: number[]; by?: string }>("py.echo", [n])));
      const values = await Promise.all(sent.map((result) => result.get({ timeout: "60s" })));
      expect(values.map(({ args }) => args)).toEqual(Array.from({ length: 400 }, (_, n) => [n]));
      const ours = values.filter(({ by }) => by === "js").length;
      expect(ours).toBeGreaterThan(0);
      if (name === "rabbitmq") expect(ours).toBeLessThan(400);
    } finally {
      await app.close();
      await Promise.all([python.stop(), node.stop()]);
    }
  });

  it("delivers a task that our worker parked to whichever worker is there when it is due", async () => {
    const queue = "parked";
    const node = await startInteropWorker({ ...place, queue });
    const app = createApp("producer", { broker: place.broker, backend: place.backend, config: { taskDefaultQueue: queue } });
    try {
      const startedAt = Date.now();
      const sent = await app.sendTask<{ args: number[] }>("py.echo", [1], { countdown: "3s" });
      await eventually(() => expect(node.log()).toContain("task-parked"));
      expect((await sent.get({ timeout: "30s" })).args).toEqual([1]);
      expect(Date.now() - startedAt).toBeGreaterThanOrEqual(3_000);
    } finally {
      await app.close();
      await node.stop();
    }
  });
});
