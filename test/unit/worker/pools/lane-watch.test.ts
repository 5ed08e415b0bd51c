import { describe, expect, it } from "vitest";
import { writeEnding } from "../../../../packages/worker/src/pools/ending-frame.ts";
import { frameKind } from "../../../../packages/worker/src/pools/frames.ts";
import { heldRun, laneStage, ok, turn } from "../../../support/lane-stage.ts";

describe("a watch over lanes", () => {
  it("recalls what waits behind a run of more than 20 ms, and only that", async () => {
    const { clock, watch, lane, link } = laneStage();
    lane.send(heldRun("a"));
    watch.sent();
    expect(clock.pending).toBe(0);
    lane.send(heldRun("b"));
    watch.sent();
    for (let ms = 0; ms < 20; ms += 10) {
      clock.step(10);
      await turn();
    }
    await turn();
    expect(link.numbers(frameKind.recall)).toEqual([]);
    clock.step(10);
    await turn();
    await turn();
    expect(link.numbers(frameKind.recall)).toEqual([0]);
    expect(clock.pending).toBe(0);
  });

  it("does not recall where runs end all the time", async () => {
    const { clock, watch, lane, link } = laneStage();
    for (let count = 0; count < 20; count++) lane.send(heldRun(`r${count}`));
    watch.sent();
    for (let number = 1; number < 12; number++) {
      clock.step(10);
      link.say((frames) => writeEnding(frames, number, ok, 1));
      await turn();
      await turn();
    }
    expect(link.numbers(frameKind.recall)).toEqual([]);
    watch.stop();
    expect(clock.pending).toBe(0);
  });

  it("asks idle processes whether they live, and ends one that does not answer three times", async () => {
    const { clock, watch, lanes, links, told } = laneStage({ lanes: 3 });
    [...lanes][2]?.send(heldRun("busy"));
    watch.start();
    for (let period = 0; period < 4; period++) {
      clock.step(10_000);
      await turn();
      links[0]?.say((frames) => frames.empty(frameKind.pong, 0));
    }
    expect(links.map((link) => link.terminated)).toEqual([0, 1, 0]);
    links[1]?.listener.exited({ reason: "signal SIGKILL" });
    expect(told.gone).toEqual([{ kind: "died", reason: "it was idle and did not answer for 30 s" }]);
    watch.stop();
    expect(clock.pending).toBe(0);
  });

  it("asks no threads", async () => {
    const { clock, watch, link } = laneStage({ pings: false });
    watch.start();
    clock.step(100_000);
    await turn();
    expect([link.numbers(frameKind.ping), link.terminated]).toEqual([[], 0]);
    watch.stop();
  });

  it("ends an executor that is not ready after two minutes, and one for suspects that has had nothing to do", async () => {
    const { clock, watch, add } = laneStage({ lanes: 0, slots: 2 });
    watch.start();
    const [, slow] = add();
    const [, spare] = add(true);
    spare.ready();
    clock.step(10_000);
    await turn();
    expect(spare.numbers(frameKind.drain)).toEqual([0]);
    clock.step(110_000);
    expect(slow.terminated).toBe(0);
    clock.step(10_000);
    expect(slow.terminated).toBe(1);
    watch.stop();
  });
});
