/**
 * The conformance suite of result backends: what `packages/core/src/backend.ts` promises, run against every driver.
 * A driver's test file calls `describeBackend` with a function that opens a world of its own.
 */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResultBackend, ResultRecord } from "../../packages/core/src/backend.ts";
import { eventually } from "../support/eventually.ts";

/** One store, reached by as many backends as a test opens. */
export interface BackendWorld {
  /** A backend on a connection of its own, as another process would have it. Not yet connected. */
  open(): ResultBackend;
  /**
   * true: results are found by id from any process, and the store itself compares attempts and expires results.
   * false: results are sent to the caller's reply queue (`rpc`); only the caller has them, and a record carries no attempt.
   */
  readonly shared: boolean;
  /** Cuts every connection the backends have now; they may come back at once. Absent where there is no connection to cut. */
  breakConnections?(): Promise<void>;
  /** Called once, after all backends it opened were closed. */
  close(): Promise<void>;
}

const final = { SUCCESS: true, FAILURE: true, REVOKED: true } as Readonly<Record<string, boolean>>;

export function describeBackend(name: string, openWorld: () => Promise<BackendWorld>): void {
  describe(`result backend: ${name}`, () => {
    const suite = startSuite(openWorld);
    describeLookup(suite);
    describeNewestWins(suite);
    describeSubscriptions(suite);
    describeLife(suite);
  });
}

interface Suite {
  world(): BackendWorld;
  /** the process that asked for the task */
  caller(): ResultBackend;
  /** the process that ran it */
  worker(): ResultBackend;
  record(change?: Partial<ResultRecord> & { readonly value?: unknown }): ResultRecord;
}

function startSuite(openWorld: () => Promise<BackendWorld>): Suite {
  let world: BackendWorld;
  let caller: ResultBackend;
  let worker: ResultBackend;
  beforeEach(async () => {
    world = await openWorld();
    caller = world.open();
    worker = world.open();
    await Promise.all([caller.connect(), worker.connect()]);
  });
  afterEach(async () => {
    await Promise.all([caller.close(), worker.close()]);
    await world.close();
  });
  return {
    world: () => world,
    caller: () => caller,
    worker: () => worker,
    record(change = {}) {
      const { value = 1, ...fields } = change;
      const taskId = fields.taskId ?? randomUUID();
      const state = fields.state ?? "SUCCESS";
      const attempt = fields.attempt ?? 0;
      const text = resultText({ taskId, state, value });
      return { taskId, state, attempt, text, expiresMs: 3_600_000, replyTo: caller.replyTo, ...fields };
    },
  };
}

/** Celery's result JSON, as short as readers allow. */
function resultText(fields: { readonly taskId: string; readonly state: string; readonly value: unknown }): string {
  const dateDone = final[fields.state] ? "2026-01-02T03:04:05.678901" : null;
  return JSON.stringify({
    status: fields.state,
    result: fields.value,
    traceback: null,
    children: [],
    date_done: dateDone,
    task_id: fields.taskId,
  });
}

/** What a reader sees of a result text. rpc rebuilds the text, so texts are compared by meaning. */
function seen(text: string | null | undefined): { readonly status: unknown; readonly result: unknown } | null {
  if (text === null || text === undefined) return null;
  const { status, result } = JSON.parse(text) as { status: unknown; result: unknown };
  return { status, result };
}

function describeLookup(suite: Suite): void {
  it("gives null for a task nobody has heard of", async () => {
    expect(await suite.caller().get(randomUUID())).toBeNull();
  });

  it("gives the caller what the worker stored", async () => {
    const record = suite.record({ value: { sum: 5 } });
    const watch = await collect(suite.caller(), record.taskId);
    expect(await suite.worker().store(record)).toBe("stored");
    await eventually(async () => expect(seen(await suite.caller().get(record.taskId))).toEqual({ status: "SUCCESS", result: { sum: 5 } }));
    watch.close();
  });

  it("keeps the text to the byte where results are looked up by id", async () => {
    if (!suite.world().shared) return expectReplyQueue(suite);
    const record = suite.record({ text: '{"status": "SUCCESS",\n "result": 12345678901234567890123, "nan": NaN}' });
    await suite.worker().store(record);
    expect(await suite.caller().get(record.taskId)).toBe(record.text);
    expect(suite.caller().replyTo).toBeNull();
  });

  it("keeps unicode, nulls and control characters", async () => {
    const value = 'Gr\u00fc\u00dfe \ud83d\ude80 \u65e5\u672c\u8a9e \u0000 \u2028 " \\ \r\n';
    const record = suite.record({ value });
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(seen(await suite.caller().get(record.taskId))?.result).toBe(value));
    watch.close();
  });

  it("keeps a text of 1 MB", async () => {
    const value = "x".repeat(1_048_576);
    const record = suite.record({ value });
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(() => expect(watch.last()?.result === value).toBe(true));
    watch.close();
  });

  it("forgets", async () => {
    const record = suite.record();
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(await suite.caller().get(record.taskId)).not.toBeNull());
    watch.close();
    await suite.caller().forget(record.taskId);
    expect(await suite.caller().get(record.taskId)).toBeNull();
    await suite.caller().forget(record.taskId);
  });

  it("keeps tasks apart", async () => {
    const records = [1, 2, 3].map((value) => suite.record({ value }));
    const watches = await Promise.all(records.map((record) => collect(suite.caller(), record.taskId)));
    await Promise.all(records.map((record) => suite.worker().store(record)));
    await eventually(() => expect(watches.map((watch) => watch.last()?.result)).toEqual([1, 2, 3]));
    for (const watch of watches) watch.close();
  });
}

async function expectReplyQueue(suite: Suite): Promise<void> {
  const second = suite.world().open();
  await second.connect();
  expect(suite.caller().replyTo).toEqual(expect.any(String));
  expect(second.replyTo).not.toBe(suite.caller().replyTo);
  await second.close();
}

/** [stored first, then, outcome of the second]: the rules in backend.ts. */
const writes: readonly (readonly [
  string,
  { state: string; attempt: number },
  { state: string; attempt: number },
  "stored" | "superseded",
])[] = [
  ["a state replaces an earlier state", { state: "STARTED", attempt: 0 }, { state: "PROGRESS", attempt: 0 }, "stored"],
  ["a final state replaces a state", { state: "STARTED", attempt: 0 }, { state: "SUCCESS", attempt: 0 }, "stored"],
  ["a later attempt replaces RETRY", { state: "RETRY", attempt: 0 }, { state: "STARTED", attempt: 1 }, "stored"],
  ["a later attempt replaces FAILURE", { state: "FAILURE", attempt: 0 }, { state: "SUCCESS", attempt: 1 }, "stored"],
  ["a later attempt's state replaces FAILURE", { state: "FAILURE", attempt: 0 }, { state: "STARTED", attempt: 1 }, "stored"],
  ["the first final state of an attempt stands", { state: "FAILURE", attempt: 1 }, { state: "SUCCESS", attempt: 1 }, "superseded"],
  ["an older attempt never replaces FAILURE", { state: "FAILURE", attempt: 2 }, { state: "FAILURE", attempt: 1 }, "superseded"],
  ["an older SUCCESS never replaces FAILURE", { state: "FAILURE", attempt: 11 }, { state: "SUCCESS", attempt: 2 }, "superseded"],
  ["a state never replaces a final one of its attempt", { state: "FAILURE", attempt: 1 }, { state: "STARTED", attempt: 1 }, "superseded"],
  ["a state never replaces REVOKED", { state: "REVOKED", attempt: 0 }, { state: "STARTED", attempt: 0 }, "superseded"],
  ["a later attempt never replaces SUCCESS", { state: "SUCCESS", attempt: 0 }, { state: "FAILURE", attempt: 1 }, "superseded"],
  ["a later SUCCESS never replaces SUCCESS", { state: "SUCCESS", attempt: 0 }, { state: "SUCCESS", attempt: 3 }, "superseded"],
  ["REVOKED never replaces SUCCESS", { state: "SUCCESS", attempt: 0 }, { state: "REVOKED", attempt: 0 }, "superseded"],
];

function describeNewestWins(suite: Suite): void {
  it.each(writes)("%s", async (_, first, second, outcome) => {
    const taskId = randomUUID();
    const before = suite.record({ taskId, ...first, value: "first" });
    const after = suite.record({ taskId, ...second, value: "second" });
    const watch = await collect(suite.caller(), taskId);
    expect(await suite.worker().store(before)).toBe("stored");
    const stored = await suite.worker().store(after);
    // A reply queue cannot refuse: the caller keeps the newest, and without attempts only SUCCESS is known to be the last word.
    if (suite.world().shared) expect(stored).toBe(outcome);
    const keepsFirst = outcome === "superseded" && (suite.world().shared || first.state === "SUCCESS");
    const keepsSecond = outcome === "stored";
    const expected = keepsFirst ? "first" : "second";
    if (keepsFirst || keepsSecond) await eventually(async () => expect(seen(await suite.caller().get(taskId))?.result).toBe(expected));
    watch.close();
  });

  it("ends with the final state of the latest attempt when attempts race", async () => {
    const taskId = randomUUID();
    const watch = await collect(suite.caller(), taskId);
    const attempts = [0, 1, 2, 3, 4].map((attempt) => suite.record({ taskId, state: "FAILURE", attempt, value: attempt }));
    const order = suite.world().shared ? [...attempts].sort((left, right) => (left.attempt % 2) - (right.attempt % 2)) : attempts;
    await Promise.all(order.map((record, index) => (index % 2 === 0 ? suite.worker() : suite.caller()).store(record)));
    await suite.worker().store(suite.record({ taskId, state: "SUCCESS", attempt: 5, value: "done" }));
    await eventually(async () => expect(seen(await suite.caller().get(taskId))).toEqual({ status: "SUCCESS", result: "done" }));
    await eventually(() => expect(watch.last()).toEqual({ status: "SUCCESS", result: "done" }));
    watch.close();
  });
}

interface Watch {
  readonly all: { readonly status: unknown; readonly result: unknown }[];
  last(): { readonly status: unknown; readonly result: unknown } | undefined;
  close(): void;
}

async function collect(backend: ResultBackend, taskId: string): Promise<Watch> {
  const all: { readonly status: unknown; readonly result: unknown }[] = [];
  const subscription = await backend.subscribe(taskId, (text) => {
    const state = seen(text);
    if (state !== null) all.push(state);
  });
  return { all, last: () => all.at(-1), close: () => subscription.close() };
}

function describeSubscriptions(suite: Suite): void {
  it("tells a subscriber what is there already", async () => {
    const record = suite.record({ value: "early" });
    const first = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(await suite.caller().get(record.taskId)).not.toBeNull());
    const second = await collect(suite.caller(), record.taskId);
    await eventually(() => expect(second.last()).toEqual({ status: "SUCCESS", result: "early" }));
    first.close();
    second.close();
  });

  it("tells a subscriber each final state, in order of attempts", async () => {
    const taskId = randomUUID();
    const watch = await collect(suite.caller(), taskId);
    for (const attempt of [0, 1]) {
      const state = attempt === 0 ? "FAILURE" : "SUCCESS";
      await suite.worker().store(suite.record({ taskId, state, attempt, value: attempt }));
      await eventually(() => expect(watch.last()).toEqual({ status: state, result: attempt }));
    }
    watch.close();
  });

  it("tells every subscriber of a task", async () => {
    const record = suite.record({ value: "all" });
    const backends = suite.world().shared ? [suite.caller(), suite.worker()] : [suite.caller()];
    const watches = await Promise.all(Array.from({ length: 20 }, (_, index) => collect(backends[index % backends.length]!, record.taskId)));
    await suite.worker().store(record);
    await eventually(() => expect(watches.map((watch) => watch.last()?.result)).toEqual(watches.map(() => "all")));
    for (const watch of watches) watch.close();
  });

  it("says nothing to a closed subscriber, and goes on telling the others", async () => {
    const taskId = randomUUID();
    const closed = await collect(suite.caller(), taskId);
    const open = await collect(suite.caller(), taskId);
    closed.close();
    closed.close();
    await suite.worker().store(suite.record({ taskId, value: "late" }));
    await eventually(() => expect(open.last()?.result).toBe("late"));
    expect(closed.all).toEqual([]);
    open.close();
  });

  it("can be subscribed again after all subscribers closed", async () => {
    const taskId = randomUUID();
    (await collect(suite.caller(), taskId)).close();
    const watch = await collect(suite.caller(), taskId);
    await suite.worker().store(suite.record({ taskId, value: "again" }));
    await eventually(() => expect(watch.last()?.result).toBe("again"));
    watch.close();
  });

  it("serves 500 subscriptions at once", async () => {
    const records = Array.from({ length: 500 }, (_, value) => suite.record({ value }));
    const watches = await Promise.all(records.map((record) => collect(suite.caller(), record.taskId)));
    await Promise.all(records.map((record) => suite.worker().store(record)));
    await eventually(() => expect(watches.every((watch, index) => watch.last()?.result === index)).toBe(true));
    for (const watch of watches) watch.close();
  });

  it("still tells a subscriber after every connection was cut", async () => {
    const { breakConnections } = suite.world();
    const record = suite.record({ value: "after the cut" });
    const watch = await collect(suite.caller(), record.taskId);
    await breakConnections?.call(suite.world());
    await eventually(async () => expect(await suite.worker().store(record)).toBe("stored"));
    await eventually(() => expect(watch.last()?.result).toBe("after the cut"));
    watch.close();
  });
}

function describeLife(suite: Suite): void {
  it("lets a result go after its time", async () => {
    const record = suite.record({ expiresMs: 60 });
    const watch = suite.world().shared ? null : await collect(suite.caller(), record.taskId);
    expect(await suite.worker().store(record)).toBe("stored");
    if (watch === null) await eventually(async () => expect(await suite.caller().get(record.taskId)).toBeNull());
    else await eventually(() => expect(watch.last()?.status).toBe("SUCCESS"));
    watch?.close();
  });

  it("keeps a result without time limit", async () => {
    const record = suite.record({ expiresMs: null, value: "kept" });
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(seen(await suite.caller().get(record.taskId))?.result).toBe("kept"));
    watch.close();
    await suite.caller().forget(record.taskId);
  });

  it("is healthy while its server answers", async () => {
    await suite.caller().health();
  });

  it("can be connected and closed twice, and closed without having been connected", async () => {
    const unused = suite.world().open();
    await unused.close();
    const backend = suite.world().open();
    await Promise.all([backend.connect(), backend.connect()]);
    await Promise.all([backend.close(), backend.close()]);
    await expect(backend.get(randomUUID())).rejects.toThrow();
  });
}
