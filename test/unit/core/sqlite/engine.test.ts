/** What one transaction for many operations must not do: let one failure undo its neighbours, or tell anyone that the file is busy. */
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Consumption, createConsumption } from "../../../../packages/core/src/sqlite/consumption.ts";
import { Engine } from "../../../../packages/core/src/sqlite/engine.ts";
import type { NewMessage, Operation, Report } from "../../../../packages/core/src/sqlite/operation.ts";
import { createSubscriptions } from "../../../../packages/core/src/sqlite/subscriptions.ts";
import { openTables, type Tables } from "../../../../packages/core/src/sqlite/tables.ts";
import { openWakeFile, type WakeFile } from "../../../../packages/core/src/sqlite/wake-file.ts";
import { createWatches } from "../../../../packages/core/src/sqlite/watches.ts";
import { eventually } from "../../../support/eventually.ts";
import { createSqliteFile, type SqliteFile } from "../../../support/sqlite-file.ts";

function newMessage(change: Partial<NewMessage> = {}): NewMessage {
  return { tag: "tag", exchange: "", queue: "q", rank: 9, due: null, guarded: false, size: 3, ...change };
}

describe("the I/O thread's engine", { timeout: 30_000 }, () => {
  let file: SqliteFile;
  let tables: Tables;
  let wake: WakeFile;
  let engine: Engine;
  let consumers: Consumption;
  let reports: Report[];
  let first = 0;

  beforeEach(async () => {
    file = await createSqliteFile();
    tables = openTables(Database, file.path, "process");
    wake = openWakeFile(file.path);
    reports = [];
    first = 0;
    consumers = createConsumption(tables);
    engine = new Engine({
      tables,
      wake,
      consumption: consumers,
      watches: createWatches(tables),
      subscriptions: createSubscriptions(tables),
      report: (report) => void reports.push(report),
      committed: () => {},
      turned: () => {},
      abandon: () => {},
    });
  });
  afterEach(async () => {
    engine.finish();
    wake.close();
    tables.connection.close();
    await file.remove();
  });

  /** Hands over one batch and waits for its answers. */
  async function run(...operations: readonly Operation[]): Promise<readonly unknown[]> {
    const number = first;
    first += operations.length;
    engine.take(
      number,
      operations.map((operation) => ({ operation, raw: new Uint8Array(operation.kind === "publish" ? operation.message.size : 0) })),
    );
    return await eventually(() => {
      const report = reports.find((each) => each.kind === "answers" && each.first === number);
      if (report?.kind !== "answers") throw new Error("No answers yet");
      return report.answers;
    });
  }

  const publish = (change: Partial<NewMessage> = {}): Operation => ({ kind: "publish", message: newMessage(change) });
  const messageCount = () => file.rows("select count(*) from message")[0]![0];

  test("refuses only the operation that fails, and keeps its neighbours", async () => {
    // A message without a tag breaks a constraint of the table.
    const broken = publish({ tag: null as unknown as string });
    const answers = await run(publish(), broken, publish({ queue: "other" }));
    expect(answers).toEqual([null, expect.objectContaining({ failed: "BROKER_REFUSED", uncertain: false }), null]);
    expect(messageCount()).toBe(2);
  });

  test("writes a settlement whole or not at all", async () => {
    const [, inc] = await run(publish(), {
      kind: "consume",
      name: "w",
      queues: ["q"],
      copies: [],
      readAhead: 5,
      mayBlock: false,
      replaces: null,
    });
    const claimed = await eventually(() => {
      const report = reports.find(({ kind }) => kind === "claimed");
      if (report?.kind !== "claimed") throw new Error("Nothing claimed yet");
      return report.messages;
    });
    const settle = (message: NewMessage): Operation => {
      return { kind: "settle", consumer: inc as number, id: claimed[0]!.id, requeue: null, results: [], parts: [], publish: [message] };
    };
    const [refused] = await run(settle(newMessage({ tag: null as unknown as string })));
    expect(refused).toMatchObject({ failed: "BROKER_REFUSED" });
    expect(file.rows("select claim from message")).toEqual([[inc]]);
    expect(await run(settle(newMessage({ queue: "next", size: 0 })))).toEqual(["settled"]);
    expect(file.rows("select queue from message")).toEqual([["next"]]);
  });

  test("waits while another process holds the write lock, and answers when it is free", async () => {
    const other = new Database(file.path);
    other.exec("begin immediate");
    const answered = run(publish());
    // Reads need no lock: they come through meanwhile.
    expect(await run({ kind: "length", queue: "q" })).toEqual([0]);
    expect(reports.some((report) => report.kind === "answers" && report.first === 0)).toBe(false);
    other.exec("commit");
    other.close();
    expect(await answered).toEqual([null]);
    expect(messageCount()).toBe(1);
  });

  test("says that the disk is full, keeps what was confirmed, and goes on when there is room", async () => {
    expect(await run(publish())).toEqual([null]);
    const [[pages]] = file.rows("pragma page_count") as [[number]];
    tables.connection.query(`pragma max_page_count = ${pages + 2}`).all([]);
    const [refused] = await run(publish({ size: 100_000 }));
    expect(refused).toMatchObject({ failed: "STORE_FULL", uncertain: false });
    expect(reports).toContainEqual({ kind: "trouble", failure: expect.objectContaining({ failed: "STORE_FULL" }) });
    expect(messageCount()).toBe(1);
    tables.connection.query("pragma max_page_count = 1000000").all([]);
    expect(await run(publish({ size: 100_000 }))).toEqual([null]);
    expect(reports).toContainEqual({ kind: "trouble", failure: null });
    expect(messageCount()).toBe(2);
  });

  test("waits for the disk where somebody is told, not for claims, which are made again", async () => {
    const path = `${file.path}-full`;
    const durable = openTables(Database, path, "full");
    const level = () => durable.connection.query("pragma synchronous").all([])[0]?.[0];
    const levels: unknown[] = [];
    const [wake, consumption] = [openWakeFile(path), createConsumption(durable)];
    const other = new Engine({
      tables: durable,
      wake,
      consumption,
      watches: createWatches(durable),
      subscriptions: createSubscriptions(durable),
      report: (report) => void reports.push(report),
      committed: () => void levels.push(level()),
      turned: () => {},
      abandon: () => {},
    });
    other.take(0, [{ operation: publish(), raw: new Uint8Array(3) }]);
    await eventually(() => reports.length > 0);
    other.upkeep((turn) => void consumption.open(turn, { name: "w", queues: ["q"], readAhead: 5, mayBlock: false }));
    await eventually(() => reports.some(({ kind }) => kind === "claimed"));
    const [full, normal] = [2, 1];
    expect(levels).toEqual([full, normal, normal]);
    other.finish();
    wake.close();
    durable.connection.close();
  });

  test("removes what expired as fast as it comes: one transaction goes on where the one before stopped", async () => {
    const expired = (taskId: string) => ({ taskId, state: "SUCCESS", attempt: 0, text: "{}", expires: Date.now() - 1 });
    tables.connection.write(() => {
      for (let n = 0; n < 2_500; n++) tables.results.store(expired(`old-${n}`), Date.now() - 10);
      tables.results.store({ ...expired("new"), expires: Date.now() + 600_000 }, Date.now());
    });
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + 10_000);
    for (let turn = 0; turn < 4; turn++) await run(publish());
    clock.mockRestore();
    expect(file.rows("select task_id from result")).toEqual([["new"]]);
  });

  test("knows whether one of its consumers may keep the main thread", async () => {
    const consume = { kind: "consume", name: "w", queues: ["q"], copies: [], readAhead: 5, replaces: null } as const;
    const seen: boolean[] = [];
    const note = async (...operations: Operation[]) => {
      const answers = await run(...operations);
      seen.push(consumers.mayBlock);
      return answers;
    };
    const [patient] = await note({ ...consume, mayBlock: false });
    const [blocking] = await note({ ...consume, mayBlock: true });
    await note({ kind: "leave", consumer: patient as number });
    await note({ kind: "leave", consumer: blocking as number });
    expect(seen).toEqual([false, true, true, false]);
  });

  test("writes what is told only while somebody listens, and keeps only so much of it", async () => {
    const told = (text: string): Operation => ({ kind: "broadcast", message: { exchange: "news", routingKey: text, size: 3 } });
    const rows = () => Number(file.rows("select count(*) from broadcast")[0]?.[0]);
    await run(told("unheard"));
    expect(rows()).toBe(0);
    await run({ kind: "subscribe", subscriber: 1, exchange: "news" });
    await run(told("a"), told("b"));
    const heard = reports.flatMap((report) => (report.kind === "heard" ? report.messages : []));
    expect(heard.map(({ subscriber, routingKey }) => [subscriber, routingKey])).toEqual([
      [1, "a"],
      [1, "b"],
    ]);
    tables.connection.write(() => {
      for (let n = 0; n < 10_050; n++) tables.broadcasts.add("news", "", new Uint8Array(1), Date.now());
    });
    expect(rows()).toBe(10_000);
    tables.connection.write(() => tables.broadcasts.prune(Date.now() + 11_000, 20_000));
    expect(rows()).toBe(0);
    await run({ kind: "unsubscribe", subscriber: 1 });
    await run(told("unheard"));
    expect(rows()).toBe(0);
    expect(tables.workers.all()).toEqual([]);
  });

  test("a claim whose commit is in doubt is given back before the next one", async () => {
    const consumption = createConsumption(tables);
    const doubting = new Engine({
      tables,
      wake,
      consumption,
      watches: createWatches(tables),
      subscriptions: createSubscriptions(tables),
      report: (report) => void reports.push(report),
      committed: () => {},
      turned: () => {},
      abandon: () => {},
    });
    await run(publish());
    let inc = 0;
    doubting.upkeep((turn) => {
      inc = consumption.open(turn, { name: "w", queues: ["q"], readAhead: 5, mayBlock: false });
    });
    // As after a commit that failed late: the file holds a claim the thread knows nothing of.
    tables.connection.write(() => tables.messages.claim(inc, "q", 1));
    consumption.doubt();
    consumption.feed(null);
    doubting.schedule();
    await eventually(() => reports.some((report) => report.kind === "claimed"));
    doubting.finish();
  });

  test("tells an incarnation that others declared it dead, and claims nothing more for it", async () => {
    const [inc] = await run({ kind: "consume", name: "w", queues: ["q"], copies: [], readAhead: 5, mayBlock: false, replaces: null });
    tables.connection.write(() => tables.workers.remove(inc as number));
    await run(publish());
    await eventually(() => reports.some((report) => report.kind === "fenced" && report.consumer === inc));
    expect(file.rows("select claim from message")).toEqual([[null]]);
  });
});
