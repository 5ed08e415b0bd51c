/** The hub of the stream, with clients that only note what they are told. */
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../packages/core/src/logger.ts";
import type { Change } from "../../../../packages/flower/src/server/history/history.ts";
import type { TaskRecord } from "../../../../packages/flower/src/server/history/task-record.ts";
import { StreamHub } from "../../../../packages/flower/src/server/stream/hub.ts";
import type { Listener } from "../../../../packages/flower/src/server/stream/listener.ts";
import { readWish } from "../../../../packages/flower/src/server/stream/wish.ts";
import type { Overview, StreamFrame, TaskRow, WorkerRow } from "../../../../packages/flower/src/shared/contract.ts";
import { createFakeClock, quiet } from "../../../support/fake-clock.ts";

type Frame = StreamFrame & Readonly<Record<string, unknown>>;

interface Client extends Listener {
  readonly frames: Frame[];
  /** of the last event that had one */
  id: string | undefined;
  isEnded: boolean;
  /** frames since the last call */
  taken(): Frame[];
}

function client(): Client {
  const frames: Frame[] = [];
  const note = (text: string) => {
    for (const event of text.split("\n\n").filter((each) => each !== "")) {
      const [, id] = /^id: (.*)$/m.exec(event) ?? [];
      if (id !== undefined) made.id = id;
      frames.push(JSON.parse(/^data: (.*)$/m.exec(event)![1]!));
    }
  };
  const made: Client = {
    frames,
    id: undefined,
    isEnded: false,
    taken: () => frames.splice(0),
    write: note,
    ping: note,
    end() {
      made.isEnded = true;
    },
  };
  return made;
}

function world() {
  const clock = createFakeClock();
  const tasks = new Map<string, TaskRecord>();
  const workers = new Map<string, WorkerRow>();
  const state = { overview: { throughput: 0 }, isBroken: false };
  let hear: (change: Pick<Change, "tasks" | "workers">) => void = () => {};
  const hub = new StreamHub({
    clock,
    logger: silentLogger,
    version: "1",
    follow(heard) {
      hear = heard;
      return () => {};
    },
    task: async (uuid) => tasks.get(uuid) ?? null,
    async workers() {
      if (state.isBroken) throw new Error("away");
      return [...workers.values()];
    },
    overview: async () => ({ ...state.overview }) as unknown as Overview,
    taskRow: (task) => ({ uuid: task.uuid, state: task.state }) as TaskRow,
    workerRow: (worker) => workers.get(worker.hostname)!,
  });
  return {
    clock,
    hub,
    state,
    workers,
    /** What the history hears: "id:STATE", or "name@host" with its `active`. */
    heard(given: readonly string[], active = 0) {
      const records = given
        .filter((each) => !each.includes("@"))
        .map((each) => ({ uuid: each.split(":")[0], state: each.split(":")[1] }) as TaskRecord);
      for (const task of records) tasks.set(task.uuid, task);
      const names = given.filter((each) => each.includes("@"));
      for (const name of names) workers.set(name, { name, active } as WorkerRow);
      hear({ tasks: records, workers: names.map((hostname) => ({ hostname }) as Change["workers"][number]) });
    },
    async join(query: Readonly<Record<string, string>>, last?: string, listener = client()) {
      const leave = hub.join(listener, readWish(query), last);
      await quiet();
      return Object.assign(listener, { leave });
    },
  };
}

const kinds = (frames: readonly Frame[]) => frames.map(({ kind, topic }) => (topic === undefined ? kind : `${kind} ${topic}`));

describe("who joins", () => {
  it("is told how it is, and then what changes, of the topics it asked for", async () => {
    const { join, heard } = world();
    heard(["w1@box"]);
    const all = await join({ topics: "overview,workers,tasks", uuids: "a" });
    expect(kinds(all.taken())).toEqual(["hello", "snapshot overview", "snapshot workers"]);
    const one = await join({ topics: "workers" });
    expect(kinds(one.taken())).toEqual(["hello", "snapshot workers"]);
    heard(["a:STARTED", "b:STARTED", "w1@box"], 2);
    expect(all.taken()).toEqual([
      { kind: "delta", topic: "workers", rows: [{ name: "w1@box", active: 2 }], removed: [] },
      { kind: "delta", topic: "tasks", rows: [{ uuid: "a", state: "STARTED" }], newer: 1 },
    ]);
    expect(kinds(one.taken())).toEqual(["delta workers"]);
  });

  it("is not told again what has not changed, and nothing after it has left", async () => {
    const { join, heard } = world();
    const one = await join({ topics: "workers,tasks" });
    heard(["w1@box"], 1);
    heard(["w1@box"], 1);
    expect(kinds(one.taken())).toEqual(["hello", "snapshot workers", "delta workers"]);
    one.leave();
    heard(["w1@box", "a:STARTED"], 2);
    expect(one.taken()).toEqual([]);
  });

  it("misses nothing that happens while it is being told how it is", async () => {
    const { hub, heard } = world();
    const one = client();
    hub.join(one, readWish({ topics: "workers,tasks", uuids: "a,b" }), undefined);
    heard(["a:STARTED", "w1@box"], 1);
    await quiet();
    heard(["b:STARTED"]);
    await quiet();
    expect(one.taken().flatMap((frame) => (frame.kind === "delta" && frame.topic === "tasks" ? frame.rows : []))).toEqual([
      { uuid: "a", state: "STARTED" },
      { uuid: "b", state: "STARTED" },
    ]);
  });

  it("is let go where what is to be told cannot be read", async () => {
    const { join, state, hub } = world();
    state.isBroken = true;
    expect((await join({ topics: "workers" })).isEnded).toBe(true);
    expect(hub.size).toBe(0);
  });

  it.each([{}, { topics: "" }, { topics: "workers,queues" }, { topics: "tasks", uuids: Array(201).fill("a").join() }])(
    "has to ask for what there is: %j",
    (query) => {
      expect(() => readWish(query as Record<string, string>)).toThrow(expect.objectContaining({ status: 400 }));
    },
  );

  it("may ask for ids of any signs", () => {
    expect([...readWish({ topics: "tasks", uuids: ["a,b", "c/d", "100%"].map(encodeURIComponent).join() }).uuids]).toEqual([
      "a,b",
      "c/d",
      "100%",
    ]);
  });
});

describe("who comes back", () => {
  it("is told what it missed, tasks as they are now, and nothing twice", async () => {
    const { join, heard } = world();
    const before = await join({ topics: "workers,tasks", uuids: "a" });
    heard(["a:STARTED", "w1@box"], 1);
    before.leave();
    heard(["a:RETRY", "b:STARTED", "w1@box"], 2);
    heard(["a:SUCCESS", "c:STARTED"]);
    const after = await join({ topics: "workers,tasks", uuids: "a" }, before.id);
    expect(after.taken()).toEqual([
      expect.objectContaining({ kind: "hello" }),
      { kind: "delta", topic: "workers", rows: [{ name: "w1@box", active: 2 }], removed: [] },
      { kind: "delta", topic: "tasks", rows: [{ uuid: "a", state: "SUCCESS" }], newer: 2 },
    ]);
    heard(["a:FAILURE"]);
    expect(kinds(after.taken())).toEqual(["delta tasks"]);
  });

  it("is told that something is lost where it was away for too long, to another monitor, or to nowhere", async () => {
    const { join, heard, clock } = world();
    const before = await join({ topics: "workers" });
    heard(["w1@box"], 1);
    const { id } = before;
    heard(["w1@box"], 2);
    await clock.advance(61_000);
    heard(["w1@box"], 3);
    const late = await join({ topics: "workers" }, id);
    expect(kinds(late.frames)).toEqual(["hello", "snapshot workers", "gap"]);
    expect(late.frames.at(-1)).toEqual({ kind: "gap", dropped: 2 });
    for (const last of ["another-1", "nonsense", `${id!.split("-")[0]}-99`, `${id!.split("-")[0]}-x`])
      expect(kinds((await join({ topics: "workers" }, last)).frames)).toEqual(["hello", "snapshot workers", "gap"]);
  });
});

describe("what changes without an event", () => {
  it("is told while somebody listens: the overview, and workers that are gone", async () => {
    const { join, heard, clock, state, workers } = world();
    heard(["w1@box", "w2@box"], 1);
    const one = await join({ topics: "overview,workers" });
    one.taken();
    state.overview = { throughput: 5 };
    workers.delete("w2@box");
    await clock.advance(10_000);
    expect(one.taken().filter(({ kind }) => kind === "delta")).toEqual(
      [
        { kind: "delta", topic: "workers", rows: [], removed: ["w2@box"] },
        { kind: "delta", topic: "overview", overview: { throughput: 5 } },
      ].sort((a) => (a.topic === "overview" ? -1 : 1)),
    );
  });

  it("is told that nothing does: a ping every 15 seconds", async () => {
    const { join, clock } = world();
    const one = await join({ topics: "tasks" });
    one.taken();
    await clock.advance(30_000);
    expect(kinds(one.taken())).toEqual(["ping", "ping"]);
  });

  it("ends with the hub", async () => {
    const { join, hub } = world();
    const one = await join({ topics: "tasks" });
    hub.close();
    expect([one.isEnded, hub.size]).toEqual([true, 0]);
  });
});
