/** What each kind of process needs of Redis, and no more: the rules in docs/security.md, under which the suites are run. */
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ResultBackend } from "../../packages/core/src/backend.ts";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import type { Broker } from "../../packages/core/src/broker.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { driverContext } from "../support/driver-context.ts";
import { publicationTo } from "../support/envelopes.ts";
import { listenToEvents, tellEvent } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { type RedisRole, redisUserUrl } from "../support/roles.ts";
import { redisUrl } from "../support/servers.ts";
import { chordStart, partOf } from "./backend/chords.ts";
import { acknowledge, consume } from "./broker/world.ts";
import { describeRedisBackend, describeRedisBroker } from "./redis-suites.ts";

const refused = expect.objectContaining({ code: "BROKER_REFUSED" });

async function connected(broker: Broker): Promise<Broker> {
  onTestFinished(() => broker.close());
  await broker.connect();
  return broker;
}

/** Who sends a chord opens it and no more; a worker does all the rest. */
async function opensChord(producer: ResultBackend, worker: ResultBackend): Promise<void> {
  const chord = chordStart(1);
  await producer.chords!.open(chord);
  await producer.chords!.open(chord);
  const store = worker.chords!;
  expect(await store.takeQuiet({ nowMs: chord.dueAt + 120_000, everyMs: 60_000, limit: 10 })).toHaveLength(1);
  await store.keepAlive([chord.id], chord.dueAt + 180_000);
  expect(await store.count([partOf(chord, 0)])).toBe("complete");
  await expect(producer.chords!.endClosing(chord.id)).rejects.toMatchObject({ code: "BACKEND_REFUSED" });
  expect(await store.parts(chord.id)).toHaveLength(1);
  expect(await store.beginClosing(chord.id, "one", 60_000)).toBe("begun");
  await store.endClosing(chord.id);
  expect(await store.count([partOf(chord, 0)])).toBe("closed");
}

describe("on Redis", () => {
  let server: string;
  beforeAll(async () => {
    server = await redisUrl();
  });

  const urlOf = (role: RedisRole) => redisUserUrl(server, role);
  const asWorker = async () => ({ url: await urlOf("worker"), nodes: [server], queuePrefix: "shop-" });
  describeRedisBroker("redis with the rules of a worker", asWorker);
  describeRedisBackend("redis with the rules of a worker", asWorker);

  it("a producer sends and waits for results, and looks into no queue", async () => {
    const [url, workerUrl] = [await urlOf("producer"), await urlOf("worker")];
    const producer = await connected(createRedisBroker(url, driverContext(), { resultUrl: url }));
    const worker = await connected(createRedisBroker(workerUrl, driverContext(), { resultUrl: workerUrl }));
    await producer.publish(publicationTo("shop-sent"));
    await producer.publish(publicationTo("shop-sent", { guarded: true }));
    const { inbox } = await consume(worker, "shop-sent");
    for (const delivery of [await inbox.next(), await inbox.next()]) await delivery.settle({ results: [], publish: [], then: acknowledge });

    const [asking, storing] = [url, workerUrl].map((each) => createRedisBackend(each, driverContext()));
    onTestFinished(async () => void (await Promise.all([asking!.close(), storing!.close()])));
    await storing!.store({
      taskId: "asked",
      state: "SUCCESS",
      attempt: 0,
      text: '{"status": "SUCCESS"}',
      expiresMs: 60_000,
      replyTo: null,
    });
    expect(await asking!.get("asked")).toContain("SUCCESS");
    await asking!.forget("asked");
    expect(await asking!.get("asked")).toBeNull();
    await asking!.saveGroup({ groupId: "saved", text: "{}", expiresMs: 60_000 });
    expect(await asking!.restoreGroup("saved")).toBe("{}");
    await asking!.forgetGroup("saved");
    await opensChord(asking!, storing!);

    await expect(producer.queues.peek("shop-sent", 1)).rejects.toEqual(refused);
    await expect(producer.publish(publicationTo("other"))).rejects.toMatchObject({ code: "PUBLISH_REJECTED" });
  });

  it("where there are results and no queues a worker stores, a producer asks and forgets, and neither more", async () => {
    const [storing, asking] = await Promise.all(
      (["worker-results", "producer-results"] as const).map(async (role) => createRedisBackend(await urlOf(role), driverContext())),
    );
    onTestFinished(async () => void (await Promise.all([asking!.close(), storing!.close()])));
    const record = { taskId: "kept", state: "SUCCESS", attempt: 0, text: '{"status": "SUCCESS"}', expiresMs: 60_000, replyTo: null };
    expect(await storing!.store(record)).toBe("stored");
    expect(await asking!.get("kept")).toBe(record.text);
    const denied = expect.objectContaining({ code: "BACKEND_REFUSED" });
    await expect(asking!.store(record)).rejects.toEqual(denied);
    await expect(storing!.forget("kept")).rejects.toEqual(denied);
    await asking!.forget("kept");
    await storing!.saveGroup({ groupId: "saved", text: "{}", expiresMs: 60_000 });
    expect(await asking!.restoreGroup("saved")).toBe("{}");
    await expect(asking!.saveGroup({ groupId: "saved", text: "{}", expiresMs: 60_000 })).rejects.toEqual(denied);
    await asking!.forgetGroup("saved");
    await opensChord(asking!, storing!);
    const broker = createRedisBroker(await urlOf("worker-results"), driverContext(), { resultUrl: null });
    onTestFinished(() => broker.close());
    await expect(broker.connect()).rejects.toEqual(refused);
  });

  it("a monitor hears events of workers and producers, and tells none; a producer hears none", async () => {
    const [worker, producer, monitor] = await Promise.all(
      (["worker", "producer", "monitor"] as const).map(async (role) =>
        connected(createRedisBroker(await urlOf(role), driverContext(), { resultUrl: null })),
      ),
    );
    const heard: string[] = [];
    await listenToEvents(monitor!, (id) => void heard.push(id));
    for (const [id, teller] of [
      ["of-worker", worker!],
      ["of-producer", producer!],
    ] as const)
      await tellEvent(teller, id);
    await eventually(() => heard.length >= 2);
    expect(heard).toEqual(["of-worker", "of-producer"]);
    await expect(tellEvent(monitor!, "forged")).rejects.toMatchObject({ code: "PUBLISH_REJECTED" });
    await expect(listenToEvents(producer!, () => {})).rejects.toEqual(refused);
  });

  it("a monitor looks into queues, and changes nothing", async () => {
    const worker = await connected(createRedisBroker(await urlOf("worker"), driverContext(), { resultUrl: null }));
    const monitor = await connected(createRedisBroker(await urlOf("monitor"), driverContext(), { resultUrl: null }));
    await worker.publish(publicationTo("shop-seen"));
    expect(await monitor.queues.length("shop-seen")).toBe(1);
    expect(await monitor.queues.peek("shop-seen", 5)).toHaveLength(1);
    await expect(monitor.publish(publicationTo("shop-seen"))).rejects.toMatchObject({ code: "PUBLISH_REJECTED" });
    await expect(monitor.queues.purge("shop-seen")).rejects.toEqual(refused);
    expect(await worker.queues.length("shop-seen")).toBe(1);
  });
});
