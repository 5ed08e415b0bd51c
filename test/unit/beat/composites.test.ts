/** Entries that send several tasks: chains, groups and chords, whole each time, under ids of their due time. */
import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { createBeat } from "../../../packages/beat/src/beat.ts";
import { type App, createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import { chain } from "../../../packages/core/src/canvas/chain.ts";
import { group } from "../../../packages/core/src/canvas/group.ts";
import { idsSentAs, sendScheduled, tickId } from "../../../packages/core/src/scheduled-call.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import { createSender } from "../../../packages/core/src/sender.ts";
import { createWorker } from "../../../packages/worker/src/worker.ts";
import { eventually } from "../../support/eventually.ts";

function shopApp(url = `memory://${randomUUID()}`) {
  const app = createApp("shop", { broker: url });
  onTestFinished(() => app.close());
  const ran: string[] = [];
  const add = app.bound("shop.add", ({ request: { headers } }, x: number, y: number) => {
    ran.push(`add for ${headers["periodic_task_name"]}`);
    return x + y;
  });
  const sum = app.bound("shop.sum", ({ request: { headers } }, all: readonly number[]) => {
    ran.push(`sum for ${headers["periodic_task_name"]} at ${headers["periodic_task_due"]}`);
    return all.reduce((total, each) => total + each, 0);
  });
  return { app, add, sum, ran };
}

async function startBeat(app: App) {
  const beat = createBeat(app, { failover: "120ms" });
  onTestFinished(() => beat.stop());
  await beat.start();
  return beat;
}

async function startWorker(app: App) {
  const worker = createWorker(app, { pool: "inline" });
  onTestFinished(() => worker.stop());
  await worker.start();
}

async function waiting(app: App): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { broker } = await runtimeOf(app)!.links();
  if (!broker.connected) await broker.connect();
  return (await broker.queues.peek("celery", 1_000)).map(({ headers }) => headers);
}

/** As a leader leaves it that dies before it has written down what it sent. */
async function stampedAndSent(app: App, name: string, dueAt: number, isSent: boolean): Promise<string> {
  const store = await runtimeOf(app)!.scheduleStore();
  const { definition } = runtimeOf(app)!.schedule.get(name)!;
  await store.put("code", [definition]);
  const { token } = await store.lead("dead", 60_000);
  const taskId = tickId("shop", name, dueAt);
  await store.stamp(token!, [{ name, dueAt, taskId }], []);
  if (isSent) await sendScheduled(createSender(runtimeOf(app)!), definition, { taskId, dueAt });
  await store.resign("dead");
  return taskId;
}

describe("an entry of several tasks", () => {
  it("is sent whole, each of its tasks with the entry's name and due time, under ids of both", async () => {
    const { app, add, sum } = shopApp();
    const totals = group(add.si(1, 2), add.si(3, 4)).pipe(sum.s());
    app.schedule("totals", every("20ms"), totals.set({ priority: 3, headers: { team: "a" } }), { maxRuns: 1 });
    const beat = await startBeat(app);
    await eventually(() => beat.stats().sent >= 1);
    const [first, second, ...others] = await waiting(app);
    expect(others).toEqual([]);
    const due = String(first!["periodic_task_due"]);
    const id = tickId("shop", "totals", Date.parse(due));
    const definition = runtimeOf(app)!.schedule.get("totals")!.definition;
    expect(idsSentAs(definition, id).toSorted()).toEqual([first!["id"], second!["id"], id].toSorted());
    for (const headers of [first, second])
      expect(headers).toMatchObject({ team: "a", periodic_task_name: "totals", periodic_task_due: due });
    expect(await app.schedules.get("totals")).toMatchObject({ task: "group(shop.add ×2) | shop.sum", totalRuns: 1 });
  });

  it("keeps what each of its tasks had as headers, of a chain", async () => {
    const { app, add } = shopApp();
    const steps = chain(add.si(1, 2).set({ headers: { own: 1 } }), add.s(3).set({ headers: { own: 2 } }));
    await app.schedules.upsert("steps", every("1h"), steps, { queue: "slow" });
    const { id } = await app.schedules.trigger("steps");
    const { broker } = await runtimeOf(app)!.links();
    const [first] = await broker.queues.peek("slow", 10);
    expect(first!.headers).toMatchObject({ own: 1, periodic_task_name: "steps" });
    const [, , { chain: rest }] = JSON.parse(Buffer.from(first!.body).toString()) as [unknown, unknown, { chain: { options: object }[] }];
    expect(rest).toMatchObject([{ options: { task_id: id, headers: { own: 2, periodic_task_name: "steps" } } }]);
    expect(await app.schedules.get("steps")).toMatchObject({ task: "shop.add | shop.add" });
  });

  it.each([
    ["a chain", 1],
    ["a group", 2],
    ["a chord", 2],
  ])("that is %s and was sent and not confirmed is the same tasks when the next leader sends it again", async (kind, messages) => {
    const { app, add, sum } = shopApp();
    const adds = group(add.si(1, 2), add.si(3, 4));
    const canvas = { "a chain": chain(add.si(1, 2), add.s(3)), "a group": adds, "a chord": adds.pipe(sum.s()) }[kind]!;
    app.schedule("totals", every("1d"), canvas);
    await stampedAndSent(app, "totals", Date.now() - 1_000, true);
    const before = await waiting(app);
    expect(before).toHaveLength(messages);
    const beat = await startBeat(app);
    await eventually(() => beat.stats().sent >= 1);
    expect(await waiting(app)).toEqual(before);
    expect(await (await runtimeOf(app)!.scheduleStore()).stamped()).toEqual([]);
  });

  it("runs once though it is sent again when all of it has ended, and is sent at all where the leader had only stamped it", async () => {
    const { app, add, sum, ran } = shopApp();
    app.schedule("totals", every("1d"), group(add.si(1, 2), add.si(3, 4)).pipe(sum.s()));
    await startWorker(app);
    const dueAt = Date.now() - 2_000;
    const id = await stampedAndSent(app, "totals", dueAt, true);
    expect(await app.result(id).get()).toBe(10);
    const stamped = await stampedAndSent(app, "totals", dueAt + 1_000, false);
    const beat = await startBeat(app);
    await eventually(() => beat.stats().sent >= 2);
    expect(await app.result(stamped).get()).toBe(10);
    const iso = (at: number) => new Date(at).toISOString();
    const each = (at: number) => ["add for totals", "add for totals", `sum for totals at ${iso(at)}`];
    expect(ran).toEqual([...each(dueAt), ...each(dueAt + 1_000)]);
  });

  it("is left out while its last task has not ended, where it is not to overlap; and cancelled whole", async () => {
    const { app, add } = shopApp();
    app.schedule("steps", every("25ms"), chain(add.si(1, 2), add.s(3)), { overlap: "skip" });
    const beat = await startBeat(app);
    await eventually(() => beat.stats().passed >= 3);
    const [first, ...others] = await waiting(app);
    expect([first!["ignore_result"], others]).toEqual([false, []]);
    await beat.stop();

    const other = shopApp();
    other.app.schedule("steps", every("100ms"), chain(other.add.si(1, 2), other.add.s(3)), { overlap: "cancel", maxRuns: 2 });
    const worker = createWorker(other.app, { pool: "inline", queues: ["elsewhere"] });
    onTestFinished(() => worker.stop());
    await worker.start();
    const next = await startBeat(other.app);
    await eventually(() => next.stats().sent >= 2);
    const ids = (await waiting(other.app)).map(({ id }) => id);
    const { definition } = runtimeOf(other.app)!.schedule.get("steps")!;
    const taskId = tickId("shop", "steps", Date.parse(String((await waiting(other.app))[0]!["periodic_task_due"])));
    expect(idsSentAs(definition, taskId)).toHaveLength(2);
    const [revoked] = Object.values(await other.app.control.inspect("revoked", { timeout: "100ms" }));
    expect([ids[0], ...(revoked as readonly string[])].toSorted()).toEqual([ids[0], ...idsSentAs(definition, taskId)].toSorted());
  });

  it("is refused with ids of its own, without one end where it is not to overlap, and where nothing counts a chord", () => {
    const { app, add, sum } = shopApp();
    const frozen = chain(add.si(1, 2), add.s(3));
    frozen.freeze("mine");
    expect(() => app.schedule("x", every(1), frozen)).toThrow(/shop\.add \| shop\.add has the id ".+" already, by freeze/);
    const adds = group(add.si(1, 2), add.si(3, 4));
    expect(() => app.schedule("x", every(1), adds, { overlap: "skip" })).toThrow("ends in a group, which has many: pipe() it into a task");
    app.schedule("x", every(1), adds.pipe(sum.s()), { overlap: "skip" });
    const blind = createApp("shop", { broker: `memory://${randomUUID()}`, backend: "disabled" });
    const total = blind.declare<(all: readonly number[]) => number>("shop.sum");
    const one = blind.declare<() => number>("shop.one");
    expect(() => blind.schedule("x", every(1), group(one.si()).pipe(total.s()))).toThrow("a chord is counted in the result backend");
    blind.schedule("x", every(1), group(one.si()));
  });
});
