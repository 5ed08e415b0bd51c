/** A beat, or several, on a broker in memory: what they send, who leads, and what is sent again. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { type Beat, createBeat } from "../../../packages/beat/src/beat.ts";
import type { BeatOptions } from "../../../packages/beat/src/options.ts";
import { type App, createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import type { Logger } from "../../../packages/core/src/logger.ts";
import { createMemoryScheduleStore } from "../../../packages/core/src/schedule-stores/memory.ts";
import { tickId } from "../../../packages/core/src/scheduled-call.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import { driverContext } from "../../support/driver-context.ts";
import { eventually } from "../../support/eventually.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

function app(url = `memory://${randomUUID()}`, config = {}): App {
  const made = createApp("shop", { broker: url, config });
  open.push(made);
  return made;
}

async function started(of: App, options: BeatOptions = {}, lines: [string, object][] = []): Promise<Beat> {
  const log = (message: string, fields?: object) => void lines.push([message, fields ?? {}]);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const beat = createBeat(of, { failover: "120ms", ...options }, { logger });
  open.push(beat);
  await beat.start();
  return beat;
}

/** Headers of what waits in the queue, in order. */
async function sent(of: App, queue = "celery"): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { broker } = await runtimeOf(of)!.links();
  if (!broker.connected) await broker.connect();
  return (await broker.queues.peek(queue, 1_000)).map(({ headers }) => headers);
}

describe("a beat", () => {
  it("signals that it starts, before it reads what is scheduled, and where it is a worker's that, too", async () => {
    const shop = app();
    const told: string[] = [];
    shop.signals.beatInit.connect((event) => {
      expect(event).toEqual({ hostname: hostname() });
      shop.schedule("late", every("1h"), shop.declare<() => void>("py.ping").si());
      told.push("beatInit");
    });
    shop.signals.beatEmbeddedInit.connect(() => told.push("beatEmbeddedInit"));
    expect((await started(shop)).stats().entries).toBe(1);
    expect(told).toEqual(["beatInit"]);
    const inner = app();
    inner.signals.beatEmbeddedInit.connect(() => told.push("beatEmbeddedInit"));
    const beat = createBeat(inner, {}, { isEmbedded: true });
    open.push(beat);
    await beat.start();
    expect(told).toEqual(["beatInit", "beatEmbeddedInit"]);
  });

  it("sends what is due under an id of its entry and due time, with the due time and the entry's name in its headers", async () => {
    const shop = app();
    const add = shop.task("shop.add", (x: number, y: number) => x + y);
    shop.schedule("often", every("30ms", { relative: true }), add.si(1, 2).set({ queue: "mail" }));
    const beat = await started(shop);
    await eventually(async () => (await sent(shop, "mail")).length >= 3);
    await beat.stop();
    for (const headers of await sent(shop, "mail")) {
      const due = Date.parse(String(headers["periodic_task_due"]));
      expect(due % 30).toBe(0);
      expect(headers).toMatchObject({
        id: tickId("shop", "often", due),
        task: "shop.add",
        periodic_task_name: "often",
        argsrepr: "(1, 2)",
      });
    }
    expect(new Set((await sent(shop, "mail")).map(({ id }) => id)).size).toBe((await sent(shop, "mail")).length);
  });

  it("sends every due time once where all of them are to be sent, however late", async () => {
    const shop = app();
    const ping = shop.task("shop.ping", () => "pong");
    shop.schedule("all", every("20ms", { relative: true }), ping.si(), { catchUp: "all" });
    const beat = await started(shop);
    await eventually(async () => (await sent(shop)).length >= 10);
    await beat.stop();
    const dues = (await sent(shop)).map((headers) => Date.parse(String(headers["periodic_task_due"])));
    expect(dues).toEqual(dues.map((_, at) => dues[0]! + at * 20));
  });

  it("takes Celery's beat_schedule, and entries that are added, changed, paused and removed while it runs", async () => {
    const shop = app(undefined, {
      beat_schedule: { old: { task: "proj.old", schedule: 0.02, args: [1], options: { queue: "old", expires: 60, max_runs: 2 } } },
    });
    const ping = shop.declare<() => void>("py.ping");
    const beat = await started(shop);
    await eventually(async () => (await sent(shop, "old")).length === 2);
    const added = await shop.schedules.upsert("new", every("20ms"), ping.si(), { queue: "new" });
    expect(added).toMatchObject({ name: "new", task: "py.ping", source: "runtime", enabled: true, totalRuns: 0, lastRunAt: null });
    await eventually(async () => (await sent(shop, "new")).length >= 2);
    await shop.schedules.upsert("new", every("1h"), ping.si(), { queue: "newer" });
    await eventually(() => beat.stats().nextDueAt! > Date.now() + 3_000_000);
    await shop.schedules.pause("new");
    await eventually(() => beat.stats().nextDueAt === null);
    expect(await shop.schedules.get("new")).toMatchObject({ enabled: false, nextRunAt: null });
    await shop.schedules.resume("new");
    await eventually(() => beat.stats().nextDueAt !== null);
    expect(await shop.schedules.upcoming("new")).toHaveLength(10);
    await shop.schedules.trigger("new");
    expect(await sent(shop, "newer")).toHaveLength(1);
    await shop.schedules.remove("new");
    await eventually(() => beat.stats().entries === 1);
    expect(await shop.schedules.get("old")).toMatchObject({ source: "code", totalRuns: 2, nextRunAt: null });
    expect((await sent(shop, "old"))[0]).toMatchObject({ expires: expect.any(String) });
  });

  it("lets a deploy change the entries of its code, and leave alone what was added and paused", async () => {
    const url = `memory://${randomUUID()}`;
    const before = app(url);
    const ping = before.declare<() => void>("py.ping");
    before.schedule("gone", every("1h"), ping.si());
    before.schedule("kept", every("1h"), ping.si());
    await (await started(before)).stop();
    await before.schedules.upsert("added", every("1h"), ping.si());
    await before.schedules.pause("kept");
    const after = app(url);
    after.schedule("kept", every("2h"), ping.si());
    after.schedule("added", every("1s"), ping.si());
    await started(after);
    const entries = [];
    for await (const { name, source, enabled, schedule } of after.schedules.list()) entries.push([name, source, enabled, schedule]);
    expect(entries).toEqual([
      ["added", "runtime", true, "every 1h"],
      ["kept", "code", false, "every 2h"],
    ]);
  });

  describe("of which an entry is enabled or not", () => {
    const when = every("20ms", { relative: true });
    const options = (enabled: boolean) => ({ enabled, catchUp: "all" as const });

    /** `change` resolves with the beat that leads when the entry is as it says. Of what was due meanwhile nothing is sent. */
    async function expectHeeded(shop: App, change: (enabled: boolean) => Promise<Beat>): Promise<void> {
      const off: (readonly [from: number, to: number])[] = [];
      for (let round = 1; round <= 2; round++) {
        const idle = await change(false);
        await eventually(() => idle.stats().entries === 1 && idle.stats().nextDueAt === null);
        const from = Date.now();
        await eventually(() => Date.now() > from + 60);
        const count = (await sent(shop)).length;
        off.push([from, Date.now()]);
        await change(true);
        await eventually(async () => (await sent(shop)).length >= count + 2);
      }
      const dues = (await sent(shop)).map((headers) => Date.parse(String(headers["periodic_task_due"])));
      expect(dues.filter((due) => off.some(([from, to]) => due > from && due < to))).toEqual([]);
    }

    it("heeds it of one that was added", async () => {
      const shop = app();
      const ping = shop.declare<() => void>("py.ping");
      const beat = await started(shop);
      await expectHeeded(shop, async (enabled) => {
        await shop.schedules.upsert("added", when, ping.si(), options(enabled));
        return beat;
      });
    });

    it("heeds it of one of the code, when a deploy replaces the beat that leads", async () => {
      const url = `memory://${randomUUID()}`;
      let leader: Beat | null = null;
      await expectHeeded(app(url), async (enabled) => {
        const deployed = app(url);
        deployed.schedule("declared", when, deployed.declare<() => void>("py.ping").si(), options(enabled));
        const next = await started(deployed);
        await leader?.stop();
        await eventually(() => next.stats().leads);
        leader = next;
        return next;
      });
    });
  });

  it("sends a schedule of the project's own", async () => {
    const shop = app();
    const due = new Date(Date.now() + 500);
    shop.schedule("own", { next: (after) => (after < due ? due : null), toString: () => "once" }, shop.declare<() => void>("py.ping").si());
    const beat = await started(shop);
    await eventually(async () => (await sent(shop)).length === 1);
    expect(await shop.schedules.get("own")).toMatchObject({ schedule: "once" });
    await expect(shop.schedules.upsert("x", { next: () => null }, shop.declare<() => void>("a").si())).rejects.toThrow("cannot be stored");
    await beat.stop();
  });

  it("goes on with the next due time after one that can never be sent", async () => {
    const shop = app(undefined, { maxMessageBytes: 2_048 });
    const lines: [string, object][] = [];
    shop.schedule("large", every("20ms"), shop.declare<(text: string) => void>("py.take").si("x".repeat(4_000)));
    const beat = await started(shop, {}, lines);
    await eventually(() => beat.stats().refused >= 2);
    expect(lines.find(([message]) => message === "beat-refused")?.[1]).toMatchObject({
      entry: "large",
      reason: expect.stringContaining("4"),
    });
    await beat.stop();
    expect(await (await runtimeOf(shop)!.scheduleStore()).stamped()).toEqual([]);
  });
});

describe("of several beats", () => {
  it("one leads, and another takes its place when it stops", async () => {
    const url = `memory://${randomUUID()}`;
    const [one, other] = [app(url), app(url)];
    for (const each of [one, other])
      each.schedule("often", every("25ms", { relative: true }), each.declare<() => void>("py.ping").si(), { catchUp: "all" });
    const first = await started(one);
    const second = await started(other);
    expect([first.stats().leads, second.stats().leads]).toEqual([true, false]);
    await eventually(async () => (await sent(one)).length >= 2);
    await first.stop();
    await eventually(() => second.stats().leads);
    const count = (await sent(one)).length;
    await eventually(async () => (await sent(one)).length > count + 2);
    await second.stop();
    const dues = (await sent(one)).map((headers) => Date.parse(String(headers["periodic_task_due"]))).sort((a, b) => a - b);
    expect(dues).toEqual(dues.map((_, at) => dues[0]! + at * 25));
  });

  it("the next one sends what a dead one had stamped and not sent, under the same id", async () => {
    const url = `memory://${randomUUID()}`;
    const shop = app(url);
    shop.schedule("nightly", every("1d"), shop.declare<() => void>("py.report").si());
    await (await started(shop)).stop();
    const dead = createMemoryScheduleStore(url, "shop", driverContext());
    const { token } = await dead.lead("dead", 50);
    const dueAt = Date.now() - 1_000;
    const tick = { name: "nightly", dueAt, taskId: tickId("shop", "nightly", dueAt) };
    await dead.stamp(token!, [tick, { name: "removed", dueAt, taskId: "no-entry" }], []);
    const next = await started(shop);
    await eventually(async () => (await sent(shop)).length === 1);
    expect((await sent(shop))[0]).toMatchObject({ id: tick.taskId, periodic_task_due: new Date(dueAt).toISOString() });
    await eventually(async () => (await dead.stamped()).length === 0);
    expect(next.stats()).toMatchObject({ leads: true, sent: 1 });
    expect(await dead.stamp(token!, [tick], [])).toBe("lost");
  });

  it("one that finds another leading stops sending", async () => {
    const url = `memory://${randomUUID()}`;
    const shop = app(url);
    const lines: [string, object][] = [];
    shop.schedule("often", every("20ms"), shop.declare<() => void>("py.ping").si());
    const beat = await started(shop, {}, lines);
    await eventually(() => beat.stats().sent >= 1);
    const thief = createMemoryScheduleStore(url, "shop", driverContext());
    const { schedules } = (await import("../../../packages/core/src/memory/space.ts")).openSpace(url, { inExecutor: false });
    schedules.get("shop")!.leader = null;
    await thief.lead("thief", 60_000);
    await eventually(() => !beat.stats().leads);
    expect(lines.some(([message]) => message === "beat-following")).toBe(true);
    const count = beat.stats().sent;
    await thief.resign("thief");
    await eventually(() => beat.stats().leads && beat.stats().sent > count);
  });
});

describe("while a large schedule is read", () => {
  /** An app whose store tells of the first two entries, and of the others when `goOn` is called. */
  async function slowly(names: readonly string[]) {
    const url = `memory://${randomUUID()}`;
    const store = createMemoryScheduleStore(url, "shop", driverContext());
    const shop = app(url);
    const ping = shop.declare<() => void>("py.ping");
    for (const name of names) await shop.schedules.upsert(name, every("20ms"), ping.si());
    let goOn = () => {};
    const others = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const survey: typeof store.survey = async (since) => {
      if (since > 0) await others;
      const page = await store.survey(since);
      return since > 0 ? page : { ...page, revision: 2, isLast: false, entries: page.entries.slice(0, 2) };
    };
    Object.assign(runtimeOf(shop)!, { scheduleStore: async () => ({ ...store, survey }) });
    const ids = async () => (await sent(shop)).map(({ id, periodic_task_name: name }) => [name, id]);
    return { shop, store, goOn, ids };
  }

  it("what is known is sent already", async () => {
    const { shop, goOn, ids } = await slowly(["first", "second", "third"]);
    const starting = started(shop);
    const names = async () => new Set((await ids()).map(([name]) => name));
    await eventually(async () => (await ids()).length >= 4);
    expect(await names()).toEqual(new Set(["first", "second"]));
    goOn();
    expect((await starting).stats().entries).toBe(3);
    await eventually(async () => (await names()).has("third"));
  });

  it("what another leader had stamped holds its entry back, and is sent first, unless that one sent it after all", async () => {
    const { shop, store, goOn, ids } = await slowly(["held", "free", "told"]);
    const { token } = await store.lead("dead", 50);
    const dueAt = Date.now() - 1_000;
    const tickOf = (name: string) => ({ name, dueAt, taskId: tickId("shop", name, dueAt) });
    await store.stamp(token!, [tickOf("held"), tickOf("told")], []);
    const starting = started(shop);
    await eventually(async () => (await ids()).length >= 3);
    expect(new Set((await ids()).map(([name]) => name))).toEqual(new Set(["free"]));
    await store.confirm([tickOf("told").taskId], dueAt + 1);
    goOn();
    await starting;
    await eventually(async () => new Set((await ids()).map(([name]) => name)).size === 3);
    const sentOf = async (name: string) => (await ids()).filter(([each]) => each === name).map(([, id]) => id);
    expect((await sentOf("held"))[0]).toBe(tickOf("held").taskId);
    expect(await sentOf("told")).not.toContain(tickOf("told").taskId);
    expect((await store.find("told"))!.runs).toBeGreaterThanOrEqual(1);
  });
});

describe("overlap", () => {
  it("is refused where nobody can tell how the task before ended", () => {
    const shop = createApp("shop", { broker: `memory://${randomUUID()}`, backend: "disabled" });
    const ping = shop.declare<() => void>("py.ping");
    expect(() => shop.schedule("x", every(1), ping.si(), { overlap: "skip" })).toThrow('overlap "skip" needs a result backend');
  });

  it("skips due times until the task before has ended", async () => {
    const shop = app();
    shop.schedule("one", every("25ms"), shop.declare<() => void>("py.slow").si(), { overlap: "skip" });
    const beat = await started(shop);
    await eventually(() => beat.stats().passed >= 3);
    expect(await sent(shop)).toHaveLength(1);
    const [{ id } = {}] = await sent(shop);
    const { backend } = await runtimeOf(shop)!.links();
    const text = JSON.stringify({ status: "SUCCESS", result: null, traceback: null, children: [], date_done: null, task_id: id });
    await backend!.store({ taskId: String(id), state: "SUCCESS", attempt: 0, text, expiresMs: null } as never);
    await eventually(async () => (await sent(shop)).length === 2);
  });
});
