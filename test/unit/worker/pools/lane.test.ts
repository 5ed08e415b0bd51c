import { describe, expect, it } from "vitest";
import { writeEnding } from "../../../../packages/worker/src/pools/ending-frame.ts";
import { frameKind } from "../../../../packages/worker/src/pools/frames.ts";
import type { HeldRun } from "../../../../packages/worker/src/pools/held-run.ts";
import { heldRun, laneStage, ok, turn } from "../../../support/lane-stage.ts";

describe("a lane", () => {
  it("sends what it has to say once a turn, init first", async () => {
    const { lane, link } = laneStage();
    lane.send(heldRun("a"));
    lane.send(heldRun("b"));
    expect(link.sent).toEqual([]);
    await turn();
    expect(link.sent.map(({ kind, number }) => [kind, number])).toEqual([
      [frameKind.init, 0],
      [frameKind.run, 1],
      [frameKind.run, 2],
    ]);
  });

  it("asks for a report of the begin of suspects, limited runs, and runs that are long or unknown", async () => {
    const { lane, link } = laneStage({ slots: 9 });
    const sent = [
      heldRun("short"),
      heldRun("suspect", { deliveries: 1 }),
      heldRun("hard", { timeLimitMs: 1 }),
      heldRun("soft", { softTimeLimitMs: 1 }),
      heldRun("long", {}, 6),
      heldRun("new", {}, null),
    ];
    for (const held of sent) lane.send(held);
    await turn();
    expect(link.sent.filter(({ kind }) => kind === frameKind.run).map(({ payload }) => payload[0])).toEqual([0, 1, 1, 1, 1, 1]);
  });

  it("takes runs ahead while they are short, up to 512, and none behind long or unknown ones", () => {
    const { lane } = laneStage();
    let sent = 0;
    while (lane.accepts()) lane.send(heldRun(`r${++sent}`));
    expect(sent).toBe(513);
    for (const [ms, expected] of [
      [1, 8],
      [4, 2],
      [7, 2],
      [10, 1],
      [null, 1],
    ] as const) {
      const { lane: other } = laneStage();
      let held = 0;
      while (other.accepts()) other.send(heldRun(`r${++held}`, {}, ms));
      expect([ms, held]).toEqual([ms, expected]);
    }
  });

  it("takes no more bytes ahead than a pipe holds", () => {
    const { lane } = laneStage();
    let sent = 0;
    while (lane.accepts()) lane.send(heldRun(`r${++sent}`, { body: new Uint8Array(100_000) }));
    expect(sent).toBe(3);
  });

  it("takes nothing ahead after a recall until a run has ended", async () => {
    const { lane, link, told } = laneStage();
    for (const id of ["a", "b", "c"]) lane.send(heldRun(id));
    lane.recall();
    expect([lane.accepts(), lane.canRecall]).toEqual([false, false]);
    link.handBack(0, [2, 3, 99]);
    expect(told.back).toEqual(["b", "c"]);
    expect([lane.ahead, lane.accepts()]).toEqual([0, false]);
    link.say((frames) => writeEnding(frames, 1, ok, 1));
    lane.send(heldRun("d"));
    expect(lane.accepts()).toBe(true);
    expect(told.began).toEqual(["a"]);
  });

  it("does not tell of a begin where no user code began", () => {
    const { lane, link, told } = laneStage({ slots: 3 });
    for (const id of ["a", "b", "c"]) lane.send(heldRun(id));
    link.say((frames) => {
      writeEnding(frames, 1, { kind: "unknown" }, 0);
      writeEnding(frames, 2, { kind: "undecodable", reason: "" }, 0);
      writeEnding(frames, 3, { kind: "expired" }, 0);
    });
    expect([told.began, told.ended.length]).toEqual([[], 3]);
  });

  it("ignores what is said of runs it does not hold", () => {
    const { link, told } = laneStage();
    link.begun(5);
    link.say((frames) => writeEnding(frames, 6, ok, 1));
    link.say((frames) => {
      frames.open(frameKind.progress, 7);
      frames.sizedText("S");
      frames.close();
      frames.empty(200, 0);
    });
    link.handBack(8, [8]);
    expect(told).toMatchObject({ began: [], ended: [], back: [] });
  });

  it("loses only the runs reported begun when its executor dies", () => {
    const { lane, link, told } = laneStage();
    for (const id of ["a", "b", "c"]) lane.send(heldRun(id));
    link.begun(1);
    link.listener.exited({ reason: "signal SIGSEGV" });
    expect(told.ended).toEqual([
      { id: "a", ending: { kind: "executorLost", reason: "The executor was lost: signal SIGSEGV", begun: true } },
    ]);
    expect([told.back, told.gone]).toEqual([["b", "c"], [{ kind: "died", reason: "signal SIGSEGV" }]]);
  });

  it("makes suspects of all its runs when its executor dies without having reported any", () => {
    const { lane, link, told } = laneStage();
    for (const id of ["a", "b"]) lane.send(heldRun(id));
    link.listener.exited({ reason: "" });
    expect(told.ended.map(({ id, ending }) => [id, ending.kind === "executorLost" && ending.begun])).toEqual([
      ["a", true],
      ["b", true],
    ]);
    expect(told.back).toEqual([]);
  });

  it("ends as timed out every run that was over its limit, and hands back the others uncounted", () => {
    const { lane, link, told } = laneStage({ slots: 3 });
    const sent = [heldRun("a", { timeLimitMs: 5 }), heldRun("b", { timeLimitMs: 6 }), heldRun("c"), heldRun("d")];
    for (const held of sent) lane.send(held);
    for (const number of [1, 2, 3]) link.begun(number);
    lane.endFor(sent[0] as HeldRun, { kind: "timedOut", limitMs: 5 });
    lane.endFor(sent[1] as HeldRun, { kind: "timedOut", limitMs: 6 });
    expect(link.terminated).toBe(2);
    link.listener.exited({ reason: "signal SIGKILL" });
    expect(told.ended).toEqual([
      { id: "a", ending: { kind: "timedOut", limitMs: 5 } },
      { id: "b", ending: { kind: "timedOut", limitMs: 6 } },
      { id: "c", ending: { kind: "handedBack" } },
    ]);
    expect(told.back).toEqual(["d"]);
  });

  it("gives up an executor that speaks another version, or writes no frames", () => {
    for (const spoil of [(bytes: Buffer) => bytes.fill(2, 4, 5), (bytes: Buffer) => bytes.fill(255)]) {
      const { lane, link, told } = laneStage();
      lane.send(heldRun("a"));
      link.begun(1);
      const bytes = Buffer.from([6, 0, 0, 0, 1, frameKind.ping, 0, 0, 0, 0]);
      spoil(bytes);
      link.listener.received(bytes);
      expect(link.terminated).toBe(1);
      link.listener.exited({ reason: "signal SIGKILL" });
      expect(told.ended).toMatchObject([
        { ending: { kind: "executorLost", reason: expect.stringContaining("between worker and executor") } },
      ]);
      expect(lane.startFailure).toContain("between worker and executor");
    }
  });

  it("attributes what is printed to the one run that has begun", () => {
    const { lane, link, told } = laneStage({ slots: 2 });
    lane.send(heldRun("a"));
    lane.send(heldRun("b"));
    link.listener.printed("stdout", "none");
    link.begun(1);
    link.listener.printed("stdout", "one");
    link.begun(2);
    link.listener.printed("stderr", "two");
    expect(told.logs).toEqual([
      { id: null, message: "none" },
      { id: "a", message: "one" },
      { id: null, message: "two" },
    ]);
  });

  it("takes nothing for an executor at the end of its lifetime, and lets it end when what it was sent has come back", async () => {
    const { lane, link, told } = laneStage({ slots: 2 });
    for (const id of ["a", "b"]) lane.send(heldRun(id));
    await turn();
    link.say((frames) => frames.textFrame(frameKind.retiring, 0, "it has run 1 task"));
    expect(lane.accepts()).toBe(false);
    await turn();
    expect(link.numbers(frameKind.drain)).toHaveLength(1);
    link.handBack(0, [2]);
    link.say((frames) => writeEnding(frames, 1, ok, 1));
    link.listener.exited({ reason: "exit code 0" });
    expect(told).toMatchObject({ back: ["b"], ended: [{ id: "a", ending: ok }], gone: [{ kind: "retired", reason: "it has run 1 task" }] });
  });

  it("counts what an executor ran that died before its lifetime was over", async () => {
    const { lane, link, told } = laneStage();
    lane.send(heldRun("a"));
    await turn();
    link.begun(1);
    link.say((frames) => frames.textFrame(frameKind.retiring, 0, "it has run 1 task"));
    link.listener.exited({ reason: "signal SIGKILL" });
    expect(told).toMatchObject({ ended: [{ id: "a", ending: { kind: "executorLost", begun: true } }], gone: [{ kind: "died" }] });
  });
});
