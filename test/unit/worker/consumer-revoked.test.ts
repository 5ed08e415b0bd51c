/** The walk of a delivery that is revoked: wherever that finds it before it has begun, it ends as revoked and never begins. */
import { describe, expect, it } from "vitest";
import { link } from "../../support/execution.ts";
import { delivered, resultOf, startWalk } from "../../support/walk.ts";

const acknowledge = { kind: "acknowledge" };

describe("a delivery", () => {
  it("that is revoked does not begin: with a result, an event and a line, and without having been received", async () => {
    const walk = startWalk();
    walk.app.task("t", () => 1);
    walk.revoked.addIds(["by-id"], "user left");
    walk.revoked.addStamps({ customer: ["acme"] });
    const byId = walk.deliver("t", { id: "by-id", deliveries: 99, body: [[], {}, { errbacks: [link("on.error")] }] });
    const early = walk.deliver("t", {
      id: "by-stamp",
      headers: { eta: "2027-01-01T00:00:00Z", stamped_headers: ["customer"], stamps: { customer: "acme" } },
    });
    await walk.clock.advance(0);
    expect([walk.running, byId[0]?.publish, byId[0]?.then, early[0]?.then]).toEqual([[], [], acknowledge, acknowledge]);
    expect([byId, early].map(([settlement]) => resultOf(settlement))).toMatchObject([
      { status: "REVOKED", result: { exc_type: "TaskRevokedError", exc_message: ["user left"], exc_module: "celery.exceptions" } },
      { status: "REVOKED", result: { exc_message: ["revoked"] } },
    ]);
    const event = { type: "task-revoked", terminated: false, signum: null, expired: false };
    expect(walk.told).toEqual([
      { ...event, uuid: "by-id" },
      { ...event, uuid: "by-stamp" },
    ]);
    expect(walk.counts()).toEqual({ "task-revoked": 2 });
    expect(walk.logged[0]).toMatchObject({ message: "task-revoked", fields: { taskId: "by-id", reason: "user left", expired: false } });
  });

  it("that is revoked while it waits to begin does not go back into its queue, also where it was acknowledged before", async () => {
    for (const options of [{}, { acksLate: false }]) {
      const { walk, settlements } = await delivered(options, { id: "late" });
      walk.revoked.addIds(["late"]);
      await walk.end({ kind: "handedBack" });
      const stored = [...settlements.flatMap(({ results }) => results), ...walk.stored];
      expect(stored).toMatchObject([{ state: "REVOKED" }]);
      expect(settlements.at(-1)?.then).toEqual(acknowledge);
    }
  });

  it("that is revoked while a suspect is marked does not begin", async () => {
    const walk = startWalk();
    walk.app.task("t", () => 1);
    const settlements = walk.deliver("t", { id: "late", deliveries: 1 });
    walk.revoked.addIds(["late"]);
    await walk.clock.advance(0);
    expect([walk.running, resultOf(settlements[0])?.["status"]]).toEqual([[], "REVOKED"]);
  });
});
