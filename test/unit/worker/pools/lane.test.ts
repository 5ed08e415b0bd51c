import { describe, expect, it } from "vitest";
import { Dispatcher } from "../../../../packages/worker/src/pools/dispatcher.ts";
import { writeEnding } from "../../../../packages/worker/src/pools/ending-frame.ts";
import { frameKind } from "../../../../packages/worker/src/pools/frames.ts";
import { HeldRun, type RunOwner } from "../../../../packages/worker/src/pools/held-run.ts";
import { Lane } from "../../../../packages/worker/src/pools/lane.ts";
import { LaneWatch } from "../../../../packages/worker/src/pools/lane-watch.ts";
import type { EndCause } from "../../../../packages/worker/src/pools/lost-run.ts";
import type { Ending, Run } from "../../../../packages/worker/src/run.ts";
import { scriptedRun } from "../../../support/executor-pool.ts";
import { createManualClock } from "../../../support/manual-clock.ts";
import { type ScriptedLink, scriptedLinks } from "../../../support/scripted-link.ts";

const ok: Ending = { kind: "succeeded", value: "null", children: [], publish: [] };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lanes over scripted links, with everything they tell. */
function stage({ lanes: count = 1, slots = 1, pings = true } = {}) {
  const clock = createManualClock();
  const { links, openLink } = scriptedLinks();
  const lanes = new Set<Lane>();
  const told = {
    began: [] as string[],
    ended: [] as { readonly id: string; readonly ending: Ending }[],
    back: [] as string[],
    logs: [] as { readonly id: string | null; readonly message: string }[],
    gone: [] as EndCause[],
    spares: 0,
  };
  const runs: RunOwner = {
    began: (held) => void told.began.push(held.run.id),
    updateState: () => {},
    log: (held, _level, message) => void told.logs.push({ id: held?.run.id ?? null, message }),
    ended: (held, ending) => void told.ended.push({ id: held.run.id, ending }),
    handedBack: (back) => void told.back.push(...back.map(({ run }) => run.id)),
    received: () => {},
  };
  const owner = {
    laneReady: () => {},
    laneGone(lane: Lane, cause: EndCause) {
      lanes.delete(lane);
      told.gone.push(cause);
    },
  };
  const source = { moduleUrl: "file:///none", appName: null, includeDefault: true };
  const init = { source, slots, executeModule: "", executeExport: "", worker: "w", logLevel: "info" } as const;
  const add = (isForSuspects = false): [Lane, ScriptedLink] => {
    const lane = new Lane({ openLink, init, clock, runs, owner, heapLimitMb: null, execArgv: [], isForSuspects });
    lanes.add(lane);
    return [lane, links.at(-1) as ScriptedLink];
  };
  for (let index = 0; index < count; index++) add()[1].ready();
  const watch = new LaneWatch({ clock, lanes, pings });
  const dispatcher = new Dispatcher(lanes, slots === 1 ? null : () => void told.spares++);
  return { clock, links, lanes, told, watch, dispatcher, add, lane: [...lanes][0] as Lane, link: links[0] as ScriptedLink };
}

function run(id: string, changes: Partial<Run> = {}, ms: number | null = 0.01): HeldRun & { readonly endings: Ending[] } {
  const endings: Ending[] = [];
  return Object.assign(new HeldRun(scriptedRun({ do: "where" }, { id, ...changes }), { ms }, (ending) => void endings.push(ending)), {
    endings,
  });
}

describe("a lane", () => {
  it("sends what it has to say once a turn, init first", async () => {
    const { lane, link } = stage();
    lane.send(run("a"));
    lane.send(run("b"));
    expect(link.sent).toEqual([]);
    await turn();
    expect(link.sent.map(({ kind, number }) => [kind, number])).toEqual([
      [frameKind.init, 0],
      [frameKind.run, 1],
      [frameKind.run, 2],
    ]);
  });

  it("asks for a report of the begin of suspects, limited runs, and runs that are long or unknown", async () => {
    const { lane, link } = stage({ slots: 9 });
    const sent = [
      run("short"),
      run("suspect", { deliveries: 1 }),
      run("hard", { timeLimitMs: 1 }),
      run("soft", { softTimeLimitMs: 1 }),
      run("long", {}, 6),
      run("new", {}, null),
    ];
    for (const held of sent) lane.send(held);
    await turn();
    expect(link.sent.filter(({ kind }) => kind === frameKind.run).map(({ payload }) => payload[0])).toEqual([0, 1, 1, 1, 1, 1]);
  });

  it("takes runs ahead while they are short, up to 128, and none behind long or unknown ones", () => {
    const { lane } = stage();
    let sent = 0;
    while (lane.accepts()) lane.send(run(`r${++sent}`));
    expect(sent).toBe(129);
    for (const [ms, expected] of [
      [1, 8],
      [4, 2],
      [7, 2],
      [10, 1],
      [null, 1],
    ] as const) {
      const { lane: other } = stage();
      let held = 0;
      while (other.accepts()) other.send(run(`r${++held}`, {}, ms));
      expect([ms, held]).toEqual([ms, expected]);
    }
  });

  it("takes no more bytes ahead than a pipe holds", () => {
    const { lane } = stage();
    let sent = 0;
    while (lane.accepts()) lane.send(run(`r${++sent}`, { body: new Uint8Array(100_000) }));
    expect(sent).toBe(3);
  });

  it("takes nothing ahead after a recall until a run has ended", async () => {
    const { lane, link, told } = stage();
    for (const id of ["a", "b", "c"]) lane.send(run(id));
    lane.recall();
    expect([lane.accepts(), lane.canRecall]).toEqual([false, false]);
    link.handBack(0, [2, 3, 99]);
    expect(told.back).toEqual(["b", "c"]);
    expect([lane.ahead, lane.accepts()]).toEqual([0, false]);
    link.say((frames) => writeEnding(frames, 1, ok, 1));
    lane.send(run("d"));
    expect(lane.accepts()).toBe(true);
    expect(told.began).toEqual(["a"]);
  });

  it("does not tell of a begin where no user code began", () => {
    const { lane, link, told } = stage({ slots: 3 });
    for (const id of ["a", "b", "c"]) lane.send(run(id));
    link.say((frames) => {
      writeEnding(frames, 1, { kind: "unknown" }, 0);
      writeEnding(frames, 2, { kind: "undecodable", reason: "" }, 0);
      writeEnding(frames, 3, { kind: "expired" }, 0);
    });
    expect([told.began, told.ended.length]).toEqual([[], 3]);
  });

  it("ignores what is said of runs it does not hold", () => {
    const { link, told } = stage();
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
    const { lane, link, told } = stage();
    for (const id of ["a", "b", "c"]) lane.send(run(id));
    link.begun(1);
    link.listener.exited({ reason: "signal SIGSEGV" });
    expect(told.ended).toEqual([
      { id: "a", ending: { kind: "executorLost", reason: "The executor was lost: signal SIGSEGV", begun: true } },
    ]);
    expect([told.back, told.gone]).toEqual([["b", "c"], [{ kind: "died", reason: "signal SIGSEGV" }]]);
  });

  it("makes suspects of all its runs when its executor dies without having reported any", () => {
    const { lane, link, told } = stage();
    for (const id of ["a", "b"]) lane.send(run(id));
    link.listener.exited({ reason: "" });
    expect(told.ended.map(({ id, ending }) => [id, ending.kind === "executorLost" && ending.begun])).toEqual([
      ["a", true],
      ["b", true],
    ]);
    expect(told.back).toEqual([]);
  });

  it("ends as timed out every run that was over its limit, and hands back the others uncounted", () => {
    const { lane, link, told } = stage({ slots: 3 });
    const sent = [run("a", { timeLimitMs: 5 }), run("b", { timeLimitMs: 6 }), run("c"), run("d")];
    for (const held of sent) lane.send(held);
    for (const number of [1, 2, 3]) link.begun(number);
    lane.endFor(sent[0] as HeldRun);
    lane.endFor(sent[1] as HeldRun);
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
      const { lane, link, told } = stage();
      lane.send(run("a"));
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
    const { lane, link, told } = stage({ slots: 2 });
    lane.send(run("a"));
    lane.send(run("b"));
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
});

describe("a dispatcher", () => {
  it("fills free slots first, least busy executor first, and keeps the rest in order", async () => {
    const { dispatcher, links, lanes } = stage({ lanes: 2, slots: 2 });
    for (const id of ["a", "b", "c", "d", "e", "f"]) dispatcher.add(run(id, {}, 100));
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
    const { dispatcher, lane, link } = stage();
    const back = [run("a", {}, 100), run("b", {}, 100)];
    dispatcher.add(run("first", {}, 100));
    dispatcher.add(run("c", {}, 100));
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
    const { dispatcher, lanes, links, lane } = stage({ lanes: 2 });
    dispatcher.add(run("a", {}, 100));
    dispatcher.add(run("b", {}, 100));
    const suspect = run("s", { deliveries: 1 });
    dispatcher.add(suspect);
    dispatcher.add(run("c", {}, 100));
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
    const { dispatcher, lane } = stage();
    dispatcher.add(run("a"));
    dispatcher.add(run("s", { deliveries: 3 }));
    expect(lane.accepts()).toBe(false);
    expect(dispatcher.remove(({ run: { id } }) => id === "s").map(({ run: { id } }) => id)).toEqual(["s"]);
    dispatcher.pump();
    expect(lane.accepts()).toBe(true);
  });

  it("asks for an executor of its own for a suspect where runs share one", () => {
    const { dispatcher, told, add, lane } = stage({ slots: 2 });
    dispatcher.add(run("s", { deliveries: 1 }));
    dispatcher.add(run("t", { deliveries: 1 }));
    expect(told.spares).toBeGreaterThan(0);
    const [spare, link] = add(true);
    link.ready();
    dispatcher.add(run("a"));
    dispatcher.pump();
    expect([...spare.held.values()].map((held) => held.run.id)).toEqual(["s"]);
    expect([...lane.held.values()].map((held) => held.run.id)).toEqual(["a"]);
    link.say((frames) => writeEnding(frames, 1, ok, 1));
    dispatcher.pump();
    expect([...spare.held.values()].map((held) => held.run.id)).toEqual(["t"]);
    expect(spare.accepts()).toBe(false);
  });

  it("ends a run that cannot be sent at all", () => {
    const { dispatcher, lane } = stage();
    const headers: Record<string, unknown> = {};
    headers["self"] = headers;
    const held = run("a", { headers });
    dispatcher.add(held);
    expect(held.endings).toMatchObject([{ kind: "undecodable", reason: expect.stringContaining("circular") }]);
    expect(lane.held.size).toBe(0);
  });
});

describe("a watch over lanes", () => {
  it("recalls what waits behind a run of more than 20 ms, and only that", async () => {
    const { clock, watch, lane, link } = stage();
    lane.send(run("a"));
    watch.sent();
    expect(clock.pending).toBe(0);
    lane.send(run("b"));
    watch.sent();
    for (let ms = 0; ms < 20; ms += 10) {
      clock.advance(10);
      await turn();
    }
    await turn();
    expect(link.numbers(frameKind.recall)).toEqual([]);
    clock.advance(10);
    await turn();
    await turn();
    expect(link.numbers(frameKind.recall)).toEqual([0]);
    expect(clock.pending).toBe(0);
  });

  it("does not recall where runs end all the time", async () => {
    const { clock, watch, lane, link } = stage();
    for (let count = 0; count < 20; count++) lane.send(run(`r${count}`));
    watch.sent();
    for (let number = 1; number < 12; number++) {
      clock.advance(10);
      link.say((frames) => writeEnding(frames, number, ok, 1));
      await turn();
      await turn();
    }
    expect(link.numbers(frameKind.recall)).toEqual([]);
    watch.stop();
    expect(clock.pending).toBe(0);
  });

  it("asks idle processes whether they live, and ends one that does not answer three times", async () => {
    const { clock, watch, lanes, links, told } = stage({ lanes: 3 });
    [...lanes][2]?.send(run("busy"));
    watch.start();
    for (let period = 0; period < 4; period++) {
      clock.advance(10_000);
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
    const { clock, watch, link } = stage({ pings: false });
    watch.start();
    clock.advance(100_000);
    await turn();
    expect([link.numbers(frameKind.ping), link.terminated]).toEqual([[], 0]);
    watch.stop();
  });

  it("ends an executor that is not ready after two minutes, and one for suspects that has had nothing to do", async () => {
    const { clock, watch, add } = stage({ lanes: 0, slots: 2 });
    watch.start();
    const [, slow] = add();
    const [, spare] = add(true);
    spare.ready();
    clock.advance(10_000);
    await turn();
    expect(spare.numbers(frameKind.drain)).toEqual([0]);
    clock.advance(110_000);
    expect(slow.terminated).toBe(0);
    clock.advance(10_000);
    expect(slow.terminated).toBe(1);
    watch.stop();
  });
});
