/** Celery's chord_unlock in a worker: it looks until a chord's members have ended, and ends the chord then, as one whose members were counted. */
import { randomUUID } from "node:crypto";
import { createApp, type Step } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { createWorker } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../../support/eventually.ts";

async function world(backend?: string) {
  const app = createApp("unlock", { broker: `memory://${randomUUID()}`, backend, config: { result_chord_retry_interval: 0.01 } });
  onTestFinished(() => app.close());
  const told: unknown[] = [];
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const tasks = {
    double: app.task("double", (n: number) => n * 2),
    late: app.task("late", async (n: number) => {
      await gate;
      return n;
    }),
    fail: app.task("fail", (): number => {
      throw new RangeError("no such");
    }),
    keep: app.task("keep", (values: unknown) => {
      told.push(values);
      return values;
    }),
    complain: app.task("complain", (id: string) => void told.push(["failed", id])),
  };
  const worker = createWorker(app, { pool: "inline", concurrency: 4 });
  onTestFinished(() => worker.stop({ deadline: 0 }));
  await worker.start();
  /** As Celery sends it beside the members, once their ids are known. */
  const unlock = (body: Step<never, unknown>, result: readonly unknown[], more: object = {}) =>
    app.sendTask("celery.chord_unlock", ["group", body], {
      kwargs: { interval: null, max_retries: null, propagate: true, result, ...more },
    });
  return { app, told, worker, letGo, unlock, ...tasks };
}

const one = ({ id }: { readonly id: string }) => [[id, null], null];

const places = [
  ["that settles results", undefined],
  ["whose results lie elsewhere", () => `memory://${randomUUID()}`],
] as const;

for (const [where, backend] of places) {
  it(`sends the body once, with values that nest as the members do, when all have ended, on a broker ${where}`, async () => {
    const { app, told, worker, unlock, letGo, double, late, keep } = await world(backend?.());
    const body = keep.s();
    const end = body.freeze();
    const [first, second, third] = await Promise.all([double.delay(1), late.delay(2), double.delay(3)]);
    const result = [
      one(first),
      [
        ["inner", null],
        [one(second), one(third)],
      ],
    ];
    // Its sender may have sent it twice.
    await Promise.all([unlock(body, result), unlock(body, result)]);
    await eventually(() => expect(worker.stats().counts["task-retried"]).toBeGreaterThan(1));
    expect(told).toEqual([]);
    letGo();
    expect(await end.get({ timeout: "10s" })).toEqual([2, [2, 6]]);
    const { broker } = await runtimeOf(app)!.links();
    await eventually(async () => expect(await broker.queues.length("celery")).toBe(0));
    expect(told).toEqual([[2, [2, 6]]]);
  });

  it(`fails the body, and sends its error callbacks once, when a member failed, on a broker ${where}`, async () => {
    const { told, unlock, double, fail, keep, complain } = await world(backend?.());
    const body = keep.s().onError(complain.s());
    const end = body.freeze();
    const [first, second] = await Promise.all([double.delay(1), fail.delay()]);
    await unlock(body, [one(first), [["inner", null], [one(second)]]]);
    const args = [`Dependency ${second.id} raised RangeError('no such')`];
    expect(await end.settled({ timeout: "10s" })).toMatchObject({
      state: "FAILURE",
      error: { code: "TASK_CHORD_FAILED", remote: { type: "ChordError", args } },
    });
    await eventually(() => expect(told).toEqual([["failed", end.id]]));
  });

  it(`counts the failure of a body for the chord around it, on a broker ${where}`, async () => {
    const { app, unlock, fail, keep } = await world(backend?.());
    const outer = keep.s();
    const end = outer.freeze();
    const inner = keep.s();
    const innerEnd = inner.freeze();
    const { options, ...rest } = inner.toJSON() as { readonly options: object };
    const standing = { ...rest, options: { ...options, group_id: "outer", group_index: 0, chord: outer.toJSON() } };
    const { backend: results } = await runtimeOf(app)!.links();
    await results!.connect();
    await results!.chords!.open({
      ...{ id: "outer", size: 1, members: [innerEnd.id], body: JSON.stringify(outer), dueAt: Date.now(), expiresMs: null },
    });
    await unlock(app.signature(standing), [one(await fail.delay())]);
    expect(await end.settled({ timeout: "10s" })).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED" } });
  });
}

it("fails the body where Celery would ask no more, and let it wait", async () => {
  const { unlock, late, keep } = await world();
  const body = keep.s();
  const end = body.freeze();
  await unlock(body, [one(await late.delay(1))], { max_retries: 2, interval: 0.001 });
  expect(await end.settled({ timeout: "10s" })).toMatchObject({
    state: "FAILURE",
    error: { code: "TASK_CHORD_FAILED", remote: { args: [expect.stringContaining("raised MaxRetriesExceededError(")] } },
  });
});

it("fails a body for whose members nobody keeps results", async () => {
  const { told, unlock, late, keep, complain } = await world("disabled");
  await unlock(keep.s().onError(complain.s()).set({ taskId: "body" }), [one(await late.delay(1))]);
  await eventually(() => expect(told).toEqual([["failed", "body"]]));
});
