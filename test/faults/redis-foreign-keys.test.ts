/** Redis: what a key of somebody else costs that has the name of a list of ours. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { consume, settle } from "../conformance/broker/world.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { openRedisWorld, type RedisWorld } from "../support/fault/redis-world.ts";
import { createNotebook } from "../support/notebook.ts";

let world: RedisWorld;

beforeAll(async () => {
  world = await openRedisWorld();
});
afterEach(() => world.clear());
afterAll(() => world.stop());

describe("a key of somebody else with the name of a list", () => {
  test("costs no message of another queue that was claimed in the same step", async () => {
    const notebook = createNotebook();
    const worker = await world.open({ context: { logger: notebook.logger } });
    await world.client.set("foreign", "not a list");
    await world.client.set("foreign\u0006\u00163", "not a list");
    const { inbox } = await consume(worker, ["mine", "foreign"]);
    for (const id of ["one", "two", "three"]) {
      await worker.publish(publicationTo("mine", { id }));
      const delivery = await inbox.next();
      expect(idOf(delivery.envelope)).toBe(id);
      await settle(delivery);
    }
    await eventually(() => notebook.lines.some(({ level, fields }) => level === "warn" && String(fields["reason"]).includes("foreign")));
  });

  test("does not make a guarded publication pass for one that was taken", async () => {
    const producer = await world.open();
    const publication = publicationTo("q", { guarded: true });
    await world.client.set("q", "not a list");
    await expect(producer.publish(publication)).rejects.toMatchObject({ code: "PUBLISH_REJECTED", retryable: false });
    await world.client.del("q");
    await producer.publish(publication);
    expect(await world.client.llen("q")).toBe(1);
    await producer.publish(publication);
    expect(await world.client.llen("q")).toBe(1);
  });

  test("leaves it open whether a publication to several queues was taken", async () => {
    const producer = await world.open();
    for (const queue of ["q", "foreign"]) await world.client.sadd("_kombu.binding.both", `key\u0006\u0016\u0006\u0016${queue}`);
    await world.client.set("foreign", "not a list");
    const publication = { ...publicationTo("q"), route: { exchange: "both", routingKey: "key" } };
    await expect(producer.publish(publication)).rejects.toMatchObject({ code: "PUBLISH_UNCERTAIN", retryable: false });
    expect(await world.client.llen("q")).toBe(1);
  });

  for (const then of [
    { kind: "requeue", counted: false },
    { kind: "requeue", counted: true },
    { kind: "deadLetter", reason: "test" },
  ] as const) {
    test(`costs no message that goes there (${then.kind}${then.kind === "requeue" && then.counted ? ", counted" : ""}): its claim stands`, async () => {
      const worker = await world.open();
      await worker.publish(publicationTo("q"));
      const { inbox } = await consume(worker, "q");
      const delivery = await inbox.next();
      for (const key of ["q", "q.dead"]) await world.client.set(key, "not a list");
      await expect(settle(delivery, then)).rejects.toMatchObject({ code: "BROKER_REFUSED" });
      expect(Object.keys((await world.claims("q")).fields)).toHaveLength(1);
      await world.client.del("q", "q.dead");
      expect(await settle(delivery, then)).toBe("settled");
    });
  }

  test("costs no message that is due, nor one of a dead worker", async () => {
    const { proxy, url } = await world.openProxy();
    const [dead, other] = [await world.open({ url }), await world.open()];
    await other.publish(publicationTo("q", { id: "claimed" }));
    await other.publish(publicationTo("q", { id: "parked" }));
    const { inbox } = await consume(dead, "q");
    const [, parked] = await inbox.take(2);
    expect(await settle(parked!, { kind: "requeue", counted: false, afterMs: 200 })).toBe("settled");
    await world.client.set("q", "not a list");
    proxy.stall();
    await consume(other, "elsewhere");
    await eventually(async () => expect(await world.client.hkeys("{celeriac}:dead")).toHaveLength(1));
    const heir = await consume(other, "q");
    await eventually(async () => Number(await world.client.zcard("{q}:delay")) === 1);
    await world.client.del("q");
    const again = await heir.inbox.take(2);
    expect(again.map(({ envelope }) => idOf(envelope)).sort()).toEqual(["claimed", "parked"]);
  });
});
