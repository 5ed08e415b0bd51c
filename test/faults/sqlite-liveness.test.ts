/** Whose claims are free: those of processes that died, and of no others. */
import { existsSync } from "node:fs";
import Database from "libsql";
import { describe, expect, type TestContext, test } from "vitest";
import type { Broker } from "../../packages/core/src/broker.ts";
import { createSqliteBroker } from "../../packages/core/src/brokers/sqlite.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { lines, type ProgramOptions, startProgram } from "../support/fault/sqlite-programs.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { createSqliteFile, type SqliteFile } from "../support/sqlite-file.ts";

const queue = "tasks";
const patience = { withinMs: 30_000 };

interface World {
  readonly file: SqliteFile;
  readonly broker: Broker;
  publish(...ids: readonly string[]): Promise<void>;
  /** Starts a process on the file, which ends with the test at the latest. */
  start(mode: ProgramOptions["mode"], options?: { readonly queue?: string; readonly count?: number }): PrivateProcess;
}

async function openWorld({ onTestFinished }: TestContext): Promise<World> {
  const file = await createSqliteFile();
  const broker = createSqliteBroker(file.url, driverContext(), { resultUrl: null });
  const programs: PrivateProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(programs.map((program) => program.stop({ signal: "SIGKILL" })));
    await broker.close();
    await file.remove();
  });
  await broker.connect();
  return {
    file,
    broker,
    async publish(...ids) {
      for (const id of ids) await broker.publish(publicationTo(queue, { id }));
    },
    start(mode, options = {}) {
      const program = startProgram({ mode, url: file.url, queue, ...options });
      programs.push(program);
      return program;
    },
  };
}

// One of them takes 20 s, in which nothing happens: the others are done meanwhile.
describe.concurrent("claims in the SQLite file", { timeout: 90_000 }, () => {
  test("a killed process gives up its claims, each counted once, and a suspect comes alone", async (context) => {
    const { file, broker, publish, start } = await openWorld(context);
    await publish("a", "b", "c");
    const holder = start("hold");
    await holder.wrote(/delivered c 0/, 30_000);
    const { inbox } = await consume(broker, queue);
    await holder.stop({ signal: "SIGKILL" });
    const recovered = await inbox.take(3, 30_000);
    expect(recovered.map(({ envelope, deliveries }) => `${idOf(envelope)} ${deliveries}`)).toEqual(["a 1", "b 1", "c 1"]);
    expect(recovered.every(({ redelivered }) => redelivered)).toBe(true);
    expect(await Promise.all(recovered.map((delivery) => settle(delivery)))).toEqual(["settled", "settled", "settled"]);
    expect(file.rows("select count(*) from worker")).toEqual([[1]]);
  });

  test("a suspect is counted again only if its run was marked begun", async (context) => {
    const { broker, publish, start } = await openWorld(context);
    await publish("poison", "innocent");
    const first = start("hold");
    await first.wrote(/delivered innocent 0/, 30_000);
    await first.stop({ signal: "SIGKILL" });
    // It begins only what it was given first; the other one it merely holds when it dies.
    const second = start("begin");
    await second.wrote(/begun poison settled/, 30_000);
    await second.wrote(/delivered innocent 1/, 30_000);
    await second.stop({ signal: "SIGKILL" });
    const { inbox } = await consume(broker, queue);
    const recovered = await inbox.take(2, 30_000);
    expect(recovered.map(({ envelope, deliveries }) => `${idOf(envelope)} ${deliveries}`)).toEqual(["poison 2", "innocent 1"]);
    await Promise.all(recovered.map((delivery) => settle(delivery)));
  });

  test("a paused process keeps its claims while a killed one loses them, and settles when it goes on", async (context) => {
    const { file, broker, publish, start } = await openWorld(context);
    await publish("paused");
    const paused = start("settle-later", { count: 1 });
    await paused.wrote(/delivered paused 0/, 30_000);
    process.kill(paused.pid, "SIGSTOP");
    await publish("killed");
    const killed = start("hold", { count: 1 });
    await killed.wrote(/delivered killed 0/, 30_000);
    const { inbox } = await consume(broker, queue);
    await killed.stop({ signal: "SIGKILL" });
    // Incarnations are probed in order, so the paused one, which is older, was probed before this one was recovered.
    const delivery = await inbox.next(30_000);
    expect(idOf(delivery.envelope)).toBe("killed");
    await settle(delivery);
    expect(file.rows("select count(*) from message where claim is not null")).toEqual([[1]]);
    process.kill(paused.pid, "SIGCONT");
    process.kill(paused.pid, "SIGUSR2");
    await paused.wrote(/outcome paused settled/, 30_000);
    expect(inbox.waiting).toBe(0);
  });

  test("a process whose main thread is blocked ends itself, and one that holds no claims or was paused lives on", async (context) => {
    const { broker, publish, start } = await openWorld(context);
    await publish("paused", "blocked");
    const paused = start("settle-later", { count: 1 });
    await paused.wrote(/delivered paused 0/, 30_000);
    process.kill(paused.pid, "SIGSTOP");
    const blocked = start("block-claims", { count: 1 });
    await blocked.wrote(/blocks/, 30_000);
    const producer = start("block-produce", { queue: "elsewhere", count: 1 });
    await producer.wrote(/blocks/, 30_000);
    const { inbox } = await consume(broker, queue);
    expect(await blocked.ended).toBe("SIGKILL");
    expect(blocked.output()).toMatch(/^celeriac: the main thread of process \d+ has not answered for 15 s; .*$/m);
    const recovered = await inbox.next(30_000);
    expect(`${idOf(recovered.envelope)} ${recovered.deliveries}`).toBe("blocked 1");
    await settle(recovered);
    await producer.wrote(/blocked/, 30_000);
    process.kill(paused.pid, "SIGCONT");
    process.kill(paused.pid, "SIGUSR2");
    await paused.wrote(/outcome paused settled/, 30_000);
    expect(await producer.ended).toBe(0);
  });

  test("a process that ends in order hands back uncounted and leaves nothing behind", async (context) => {
    const { broker, publish, start } = await openWorld(context);
    await publish("a");
    const holder = start("hold");
    await holder.wrote(/delivered a 0/, 30_000);
    const { inbox } = await consume(broker, queue);
    await holder.wrote(/ready/, 30_000);
    await holder.stop({ graceMs: 30_000 });
    const delivery = await inbox.next();
    expect(delivery.deliveries).toBe(0);
    expect(lines(holder, "error")).toEqual([]);
    await settle(delivery);
  });

  test("a message published by another process is delivered at once", async (context) => {
    const { broker, start } = await openWorld(context);
    const { inbox } = await consume(broker, queue);
    const producer = start("produce", { count: 25 });
    const got = await inbox.take(10, 30_000);
    await Promise.all(got.map((delivery) => settle(delivery)));
    await Promise.all((await inbox.take(10)).map((delivery) => settle(delivery)));
    await Promise.all((await inbox.take(5)).map((delivery) => settle(delivery)));
    expect(await producer.ended).toBe(0);
  });

  test("ten processes at once lose nothing, repeat nothing, and never see a busy file", async (context) => {
    const { file, start } = await openWorld(context);
    const producers = Array.from({ length: 5 }, () => start("produce", { count: 200 }));
    const workers = Array.from({ length: 5 }, () => start("work", { count: 20 }));
    await Promise.all(producers.map((producer) => producer.wrote(/produced 200/, 60_000)));
    expect(await Promise.all(producers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0, 0]);
    await eventually(() => workers.flatMap((worker) => lines(worker, "outcome")).length >= 1_000, patience);
    await eventually(() => file.rows("select count(*) from message")[0]![0] === 0, patience);
    const outcomes = workers.flatMap((worker) => lines(worker, "outcome"));
    expect(outcomes).toHaveLength(1_000);
    expect(new Set(outcomes).size).toBe(1_000);
    expect(outcomes.filter((outcome) => !outcome.endsWith(" settled"))).toEqual([]);
    for (const program of [...producers, ...workers]) expect(lines(program, "error")).toEqual([]);
    await Promise.all(workers.map((worker) => worker.wrote(/ready/, 30_000)));
    await Promise.all(workers.map((worker) => worker.stop({ graceMs: 30_000 })));
    expect(file.rows("select count(*) from worker")).toEqual([[0]]);
  });
});

describe.concurrent("a file that another program has for itself", { timeout: 90_000 }, () => {
  /** As a shell does that has taken it and was forgotten. */
  function take(path: string): { release(): void } {
    const database = new Database(path);
    database.exec("pragma locking_mode = exclusive; begin exclusive; create table if not exists forgotten (id)");
    return { release: () => void database.close() };
  }

  test("is told as one that cannot be reached, and is opened when it is free", async ({ onTestFinished }) => {
    const file = await createSqliteFile();
    const broker = createSqliteBroker(file.url, driverContext(), { resultUrl: null });
    onTestFinished(async () => {
      await broker.close();
      await file.remove();
    });
    const other = take(file.path);
    const locked = {
      code: "BROKER_UNREACHABLE",
      message: expect.stringContaining("another program has it for itself: database is locked"),
    };
    await expect(broker.connect()).rejects.toMatchObject(locked);
    other.release();
    await broker.connect();
    await broker.publish(publicationTo(queue));
    expect(await broker.queues.length(queue)).toBe(1);
  });

  test("is given up when it does not open, and a thread that opens it after all lets it go", async ({ onTestFinished }) => {
    const file = await createSqliteFile();
    const clock = createFakeClock();
    const broker = createSqliteBroker(file.url, driverContext({ clock }), { resultUrl: null });
    onTestFinished(async () => {
      await broker.close();
      await file.remove();
    });
    const other = take(file.path);
    const late = { code: "BROKER_UNREACHABLE", message: expect.stringContaining("did not open within 30 s") };
    const refused = expect(broker.connect()).rejects.toMatchObject(late);
    await clock.advance(30_000);
    await refused;
    other.release();
    await eventually(() => expect(file.rows("select 1 from sqlite_master where name = 'message'")).toEqual([[1]]), patience);
    // The log beside it goes with whoever has it open last.
    await eventually(() => expect(existsSync(`${file.path}-wal`)).toBe(false), patience);
    await broker.connect();
    await broker.publish(publicationTo(queue));
    expect(await broker.queues.length(queue)).toBe(1);
  });
});
