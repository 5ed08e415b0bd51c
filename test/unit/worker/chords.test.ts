/** Chords in a worker: whatever becomes of a member counts, and the body is sent, or told to have failed, once. */
import { randomUUID } from "node:crypto";
import { type App, type Config, createApp, group } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { createWorker } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { chain } from "../../../packages/core/src/canvas/chain.ts";
import { chord } from "../../../packages/core/src/canvas/chord.ts";
import { deriveId } from "../../../packages/core/src/derived-id.ts";
import { eventually } from "../../support/eventually.ts";

/** One worker, and what its tasks have told. */
async function world({ backend, config = {} }: { readonly backend?: string | undefined; readonly config?: Config } = {}) {
  const app = createApp("chords", { broker: `memory://${randomUUID()}`, backend, config });
  onTestFinished(() => app.close());
  const told: unknown[] = [];
  const tasks = {
    double: app.task("double", (n: number) => n * 2),
    fail: app.task("fail", (_n: number): number => {
      throw new RangeError("no such");
    }),
    ignore: app.bound("ignore", (self): number => {
      throw self.ignore();
    }),
    reject: app.bound("reject", (self): number => {
      throw self.reject({ reason: "not mine" });
    }),
    sum: app.task("sum", (values: readonly number[]) => {
      told.push(values);
      return values.reduce((sum, value) => sum + value, 0);
    }),
    complain: app.task("complain", (id: string) => void told.push(["failed", id])),
  };
  const worker = createWorker(app, { pool: "inline", concurrency: 4 });
  onTestFinished(() => worker.stop({ deadline: 0 }));
  return { app, told, worker, ...tasks };
}

/** Nothing of a chord is left open, counted or unsettled. */
async function expectNothingLeft(app: App): Promise<void> {
  const { broker, backend } = await runtimeOf(app)!.links();
  const nowMs = Date.now() + 3_600_000;
  expect(await backend!.chords!.takeQuiet({ nowMs, everyMs: 0, limit: 10 })).toEqual([]);
  await eventually(async () => expect(await broker.queues.length("celery")).toBe(0));
}

const places = [
  ["that settles results", undefined],
  ["whose results lie elsewhere", () => `memory://${randomUUID()}`],
] as const;

for (const [where, backend] of places) {
  it(`sends the body once, with the results in the order of the header, on a broker ${where}`, async () => {
    const { app, told, worker, double, sum } = await world({ backend: backend?.() });
    await worker.start();
    const sent = chord(
      [1, 2, 3, 4, 5].map((n) => double.s(n)),
      sum.s(),
    ).delay();
    expect(await sent.get({ timeout: "10s" })).toBe(30);
    expect(told).toEqual([[2, 4, 6, 8, 10]]);
    await expectNothingLeft(app);
  });

  it(`fails the body, and sends its error callbacks once, when a member failed, on a broker ${where}`, async () => {
    const { app, told, worker, double, fail, sum, complain } = await world({ backend: backend?.() });
    await worker.start();
    const sent = await chord([double.s(1), fail.s(2), double.s(3)], sum.s().onError(complain.s())).delay();
    const remote = {
      type: "ChordError",
      module: "celery.exceptions",
      args: [expect.stringMatching(/^Dependency .+ raised RangeError\('no such'\)$/)],
    };
    expect(await sent.settled({ timeout: "10s" })).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED", remote } });
    await eventually(() => expect(told).toEqual([["failed", sent.id]]));
    await expectNothingLeft(app);
  });
}

it("counts members that ignore, reject, expire, are unknown, or stand behind a step that failed", async () => {
  const { app, worker, double, fail, ignore, reject, sum } = await world();
  await worker.start();
  const unknown = app.declare<(n: number) => number>("nowhere");
  const cases = [
    [ignore.s(), "TaskRevokedError('ignored')"],
    [reject.s(), "Reject('not mine')"],
    [double.s(1).set({ expires: new Date(0) }), "TaskRevokedError('expired')"],
    [unknown.s(1), "NotRegistered('nowhere')"],
    [chain(double.s(1), fail.s(), double.s()), "RangeError('no such')"],
  ] as const;
  for (const [member, raised] of cases) {
    const sent = await chord([double.s(1), member], sum.s()).delay();
    const outcome = await sent.settled({ timeout: "10s" });
    expect(outcome).toMatchObject({ state: "FAILURE", error: { remote: { args: [expect.stringContaining(`raised ${raised}`)] } } });
  }
  await expectNothingLeft(app);
});

it("ends chords inside chords, one in the header and one as body, whether their members fail or not", async () => {
  const { app, told, worker, double, fail, sum, complain } = await world();
  await worker.start();
  const inner = (last: typeof double | typeof fail) => chord([double.s(1), last.s(2)], sum.s());
  expect(
    await chord([double.s(1), inner(double)], sum.s())
      .delay()
      .get({ timeout: "10s" }),
  ).toBe(8);
  told.splice(0);
  const failed = await chord([double.s(1), inner(fail)], sum.s().onError(complain.s())).delay();
  expect(await failed.settled({ timeout: "10s" })).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED" } });
  await eventually(() => expect(told).toEqual([["failed", failed.id]]));
  await expectNothingLeft(app);
});

it("tells the error callbacks of a body that is a canvas, once, that it cannot run", async () => {
  const { app, told, worker, double, fail, sum, complain } = await world();
  await worker.start();
  const canvas = chain(group(double.s(1), fail.s(2)), group(sum.s(), sum.s()), sum.s()).onError(complain.s());
  const sent = await canvas.delay();
  expect(await sent.settled({ timeout: "10s" })).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED" } });
  await eventually(() => expect(told).toEqual([["failed", sent.id]]));
  await expectNothingLeft(app);
});

it("tells the error callbacks of a chord of each member that failed as well, where taskAllowErrorCbOnChordHeader says so", async () => {
  const { told, worker, double, fail, sum, complain } = await world({ config: { taskAllowErrorCbOnChordHeader: true } });
  await worker.start();
  for (const canvas of [
    chord([double.s(1), fail.s(2).set({ taskId: "failed" })], sum.s()).onError(complain.s()),
    chain(group(double.s(1), chain(double.s(3), fail.s().set({ taskId: "failed" }))), sum.s()).set({ linkError: complain.s() }),
  ]) {
    const sent = await canvas.delay();
    expect(await sent.settled({ timeout: "10s" })).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED" } });
    await eventually(() => expect(told).toHaveLength(2));
    expect(told.splice(0)).toEqual(expect.arrayContaining([sent.id, "failed"].map((id) => ["failed", id])));
  }
});

for (const [where, backend] of places) {
  it(`waits for what its members add to it, on a broker ${where}`, async () => {
    const { app, told, worker, double, fail, sum, complain } = await world({ backend: backend?.() });
    const spread = app.bound("spread", { maxRetries: 1 }, async (self, n: number) => {
      const added = await Promise.all([self.addToChord(double.s(n)), self.addToChord(chain(double.s(n), group(double.s(), double.s())))]);
      expect(added[0].id).toBe(deriveId(self.request.id, 0, "member", 0));
      if (self.request.retries === 0) throw self.retry({ countdown: "1ms" });
      return n;
    });
    await worker.start();
    const values = app.task("values", (all: readonly unknown[]) => JSON.stringify(all.flat().toSorted((a, b) => Number(a) - Number(b))));
    expect(
      await chord([spread.s(1), double.s(50)], values.s())
        .delay()
        .get({ timeout: "10s" }),
    ).toBe("[1,2,4,4,100]");
    const worse = app.bound("worse", async (self, n: number) => {
      await self.addToChord(fail.s(n));
      return n;
    });
    const sent = await chord([worse.s(1)], sum.s().onError(complain.s())).delay();
    expect(await sent.settled({ timeout: "10s" })).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED" } });
    await eventually(() => expect(told).toEqual([["failed", sent.id]]));
    await expect(spread.delay(1).get({ timeout: "10s" })).rejects.toMatchObject({
      message: expect.stringContaining("in no chord's header"),
    });
    await expectNothingLeft(app);
  });
}

it("hands the stamps of its last member on to the body", async () => {
  const { app, worker, double } = await world();
  const stamps = app.bound("stamps", (self, _values: readonly number[]) => self.request.stamps);
  const start = app.task("start", () => 1);
  await worker.start();
  const canvas = chain(start.s().set({ stamps: { tenant: "acme" } }), group(double.s(), double.s()), stamps.s());
  expect(await canvas.delay().get({ timeout: "10s" })).toEqual({ tenant: ["acme"] });
});

it("fails a body that cannot be sent, because it is larger than a message may be", async () => {
  const { app, worker, sum } = await world({ config: { maxMessageBytes: 2_000 } });
  const large = app.task("large", () => "x".repeat(1_500) as unknown as number);
  await worker.start();
  const sent = await chord([large.s(), large.s()], sum.s()).delay();
  expect(await sent.settled({ timeout: "10s" })).toMatchObject({
    state: "FAILURE",
    error: { message: expect.stringContaining("maxMessageBytes") },
  });
  await expectNothingLeft(app);
});

it("counts a task that was acknowledged before it ran", async () => {
  const { app, worker, sum } = await world();
  const early = app.task("early", { acksLate: false }, (n: number) => n);
  await worker.start();
  expect(
    await chord([early.s(1), early.s(2)], sum.s())
      .delay()
      .get({ timeout: "10s" }),
  ).toBe(3);
  await expectNothingLeft(app);
});
