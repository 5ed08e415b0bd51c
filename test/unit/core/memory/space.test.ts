/** What memory:// adds to what every broker does: who meets whom, time that is the clock's, and that nothing is shared but the message. */
import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { createMemoryBackend } from "../../../../packages/core/src/backends/memory.ts";
import { createMemoryBroker } from "../../../../packages/core/src/brokers/memory.ts";
import { createMemoryCoordinator } from "../../../../packages/core/src/coordinators/memory.ts";
import { consume, settle } from "../../../conformance/broker/world.ts";
import { driverContext } from "../../../support/driver-context.ts";
import { idOf, publicationTo } from "../../../support/envelopes.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

async function openBroker(url = `memory://${randomUUID()}`, context = driverContext()) {
  const broker = createMemoryBroker(url, context, { resultUrl: null });
  onTestFinished(() => broker.close());
  await broker.connect();
  return broker;
}

describe("a space in memory", () => {
  it("is the same for all who name its URL, and another for every other name", async () => {
    const [here, there, elsewhere] = [await openBroker("memory://"), await openBroker("MEMORY:///"), await openBroker("memory://x")];
    const queue = randomUUID();
    await here.publish(publicationTo(queue));
    expect(await Promise.all([here, there, elsewhere].map((broker) => broker.queues.length(queue)))).toEqual([1, 1, 0]);
    await there.queues.purge(queue);
  });

  it("keeps what was confirmed when everyone has closed", async () => {
    const url = `memory://${randomUUID()}`;
    const first = await openBroker(url);
    await first.publish(publicationTo("q", { id: "kept" }));
    await first.close();
    const { inbox } = await consume(await openBroker(url), "q");
    expect(idOf((await inbox.next()).envelope)).toBe("kept");
  });

  it.each(["memory://a b", "memory://user:s3cret@host", "memory:x", "memory://a/b", "memory://a?b"])("is not named by %s", (url) => {
    const refused = expect.objectContaining({ code: "CONFIG_URL", message: expect.not.stringContaining("s3cret") });
    expect(() => createMemoryBroker(url, driverContext(), { resultUrl: null })).toThrow(refused);
    expect(() => createMemoryBackend(url, driverContext())).toThrow(refused);
    expect(() => createMemoryCoordinator(url, driverContext())).toThrow(refused);
  });

  it("hands out a delayed message when its clock says so, and not for its machine's time", async () => {
    const clock = createFakeClock();
    const broker = await openBroker(undefined, driverContext({ clock }));
    const { inbox } = await consume(broker, "q");
    await broker.publish(publicationTo("q", { id: "late", dueAt: clock.now() + 60_000 }));
    await broker.publish(publicationTo("q", { id: "soon", dueAt: clock.now() + 5_000 }));
    await clock.advance(4_999);
    expect(inbox.deliveries).toEqual([]);
    await clock.advance(1);
    expect(inbox.deliveries.map(({ envelope }) => idOf(envelope))).toEqual(["soon"]);
    // An administrator sets the clock: what is due then comes within a second.
    clock.jump(3_600_000);
    await clock.advance(1_000);
    expect(inbox.deliveries.map(({ envelope }) => idOf(envelope))).toEqual(["soon", "late"]);
    await broker.close();
    expect(clock.pending).toBe(0);
  });

  it("lets a result go when its clock says so", async () => {
    const clock = createFakeClock();
    const backend = createMemoryBackend(`memory://${randomUUID()}`, driverContext({ clock }));
    const record = { taskId: "t", state: "SUCCESS", attempt: 0, text: "{}", expiresMs: 1_000, replyTo: null };
    await backend.store(record);
    await clock.advance(999);
    expect(await backend.get("t")).toBe("{}");
    await clock.advance(1);
    expect(await backend.get("t")).toBeNull();
    expect(await backend.store({ ...record, attempt: 0, state: "FAILURE" })).toBe("stored");
  });

  it("shares nothing of a message between who sent it and who gets it", async () => {
    const broker = await openBroker();
    const headers = { own: { list: [1] }, dropped: undefined };
    await broker.publish(publicationTo("q", { headers }));
    headers.own.list.push(2);
    const [seen] = await broker.queues.peek("q", 1);
    (seen!.headers["own"] as { list: number[] }).list.push(3);
    const { inbox } = await consume(broker, "q");
    const { envelope } = await inbox.next();
    expect(envelope.headers["own"]).toEqual({ list: [1] });
    expect("dropped" in envelope.headers).toBe(false);
  });

  it("refuses headers that are no JSON, and what names no queue", async () => {
    const broker = await openBroker();
    await expect(broker.publish(publicationTo("q", { headers: { big: 1n } }))).rejects.toMatchObject({ code: "PUBLISH_ENCODE" });
    await expect(broker.publish(publicationTo(""))).rejects.toMatchObject({ code: "PUBLISH_UNROUTABLE" });
  });

  it("changes nothing when one of the publications that follow is refused", async () => {
    const broker = await openBroker();
    await broker.publish(publicationTo("q"));
    const { inbox } = await consume(broker, "q");
    const delivery = await inbox.next();
    const follow = [publicationTo("next"), publicationTo("next", { headers: { big: 1n } })];
    await expect(settle(delivery, { kind: "acknowledge" }, follow)).rejects.toMatchObject({ code: "PUBLISH_ENCODE" });
    expect(await broker.queues.length("next")).toBe(0);
    expect(await settle(delivery)).toBe("settled");
  });

  it("takes a publication for another one when its guard is over", async () => {
    const clock = createFakeClock();
    const broker = await openBroker(undefined, driverContext({ clock }));
    const guarded = publicationTo("q", { guarded: true });
    await broker.publish(guarded);
    await clock.advance(599_999);
    await broker.publish(guarded);
    expect(await broker.queues.length("q")).toBe(1);
    await clock.advance(1);
    await broker.publish(guarded);
    expect(await broker.queues.length("q")).toBe(2);
  });

  it("is out of reach for an executor, which says so where it is asked", async () => {
    const context = driverContext({ inExecutor: true });
    const refused = expect.objectContaining({ code: "MEMORY_OUT_OF_REACH" });
    expect(() => createMemoryBroker("memory://", context, { resultUrl: null })).toThrow(refused);
    expect(() => createMemoryCoordinator("memory://", context)).toThrow(refused);
    const backend = createMemoryBackend("memory://", context);
    for (const asked of [backend.connect(), backend.get("any"), backend.subscribe("any", () => {}), backend.forget("any")])
      await expect(asked).rejects.toEqual(refused);
    await backend.close();
  });
});
