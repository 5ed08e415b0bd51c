import { describe, expect, it } from "vitest";
import { writeEnding } from "../../../../packages/worker/src/pools/ending-frame.ts";
import { heldRun, laneStage, ok } from "../../../support/lane-stage.ts";

describe("a dispatcher", () => {
  it("fills free slots first, least busy executor first, and keeps the rest in order", async () => {
    const { dispatcher, links, lanes } = laneStage({ lanes: 2, slots: 2 });
    for (const id of ["a", "b", "c", "d", "e", "f"]) dispatcher.add(heldRun(id, {}, 100));
    expect([...lanes].map(({ held }) => [...held.values()].map((one) => one.run.id))).toEqual([
      ["a", "c"],
      ["b", "d"],
    ]);
    links[1]?.say((frames) => writeEnding(frames, 1, ok, 1));
    dispatcher.pump();
    links[0]?.say((frames) => writeEnding(frames, 1, ok, 1));
    dispatcher.pump();
    expect([...lanes].map(({ held }) => [...held.values()].map((one) => one.run.id))).toEqual([
      ["c", "f"],
      ["d", "e"],
    ]);
  });

  it("puts what comes back before all that waits", () => {
    const { dispatcher, lane, link } = laneStage();
    const back = [heldRun("a", {}, 100), heldRun("b", {}, 100)];
    dispatcher.add(heldRun("first", {}, 100));
    dispatcher.add(heldRun("c", {}, 100));
    dispatcher.putBack(back);
    const order: string[] = [];
    for (let number = 1; number <= 3; number++) {
      link.say((frames) => writeEnding(frames, number, ok, 1));
      dispatcher.pump();
      order.push(...[...lane.held.values()].map((held) => held.run.id));
    }
    expect(order).toEqual(["a", "b", "c"]);
  });

  it("keeps as many executors free as suspects wait, and gives them back", () => {
    const { dispatcher, lanes, links, lane } = laneStage({ lanes: 2 });
    dispatcher.add(heldRun("a", {}, 100));
    dispatcher.add(heldRun("b", {}, 100));
    const suspect = heldRun("s", { deliveries: 1 });
    dispatcher.add(suspect);
    dispatcher.add(heldRun("c", {}, 100));
    expect([...lanes].map(({ reserved }) => reserved)).toEqual([true, false]);
    links[1]?.say((frames) => writeEnding(frames, 1, ok, 1));
    dispatcher.pump();
    // An empty executor is as good as the one that was kept free.
    expect([...lanes].map((one) => [...one.held.values()].map((held) => held.run.id))).toEqual([["a"], ["s"]]);
    expect([...lanes].map((one) => [one.reserved, one.accepts()])).toEqual([
      [false, false],
      [false, false],
    ]);
    links[0]?.say((frames) => writeEnding(frames, 1, ok, 1));
    dispatcher.pump();
    expect([...lane.held.values()].map((held) => held.run.id)).toEqual(["c"]);
  });

  it("frees an executor that was kept for a suspect that is taken out", () => {
    const { dispatcher, lane } = laneStage();
    dispatcher.add(heldRun("a"));
    dispatcher.add(heldRun("s", { deliveries: 3 }));
    expect(lane.accepts()).toBe(false);
    expect(dispatcher.remove(({ run: { id } }) => id === "s").map(({ run: { id } }) => id)).toEqual(["s"]);
    dispatcher.pump();
    expect(lane.accepts()).toBe(true);
  });

  it("asks for an executor of its own for a suspect where runs share one", () => {
    const { dispatcher, told, add, lane } = laneStage({ slots: 2 });
    dispatcher.add(heldRun("s", { deliveries: 1 }));
    dispatcher.add(heldRun("t", { deliveries: 1 }));
    expect(told.spares).toBeGreaterThan(0);
    const [spare, link] = add(true);
    link.ready();
    dispatcher.add(heldRun("a"));
    dispatcher.pump();
    expect([...spare.held.values()].map((held) => held.run.id)).toEqual(["s"]);
    expect([...lane.held.values()].map((held) => held.run.id)).toEqual(["a"]);
    link.say((frames) => writeEnding(frames, 1, ok, 1));
    dispatcher.pump();
    expect([...spare.held.values()].map((held) => held.run.id)).toEqual(["t"]);
    expect(spare.accepts()).toBe(false);
  });

  it("ends a run that cannot be sent at all", () => {
    const { dispatcher, lane } = laneStage();
    const headers: Record<string, unknown> = {};
    headers["self"] = headers;
    const held = heldRun("a", { headers });
    dispatcher.add(held);
    expect(held.endings).toMatchObject([{ kind: "undecodable", reason: expect.stringContaining("circular") }]);
    expect(lane.held.size).toBe(0);
  });
});
