import { expect, test } from "vitest";
import { createSequentialExecutor } from "../../../../../packages/airflow-bridge/src/dag/executors/sequential.ts";
import { openStage } from "../../../../support/dag/stage.ts";
import { run } from "../../../../support/dag/works.ts";

const said: string[] = [];
const says = run(async ({ taskId }) => ({ kind: "success", value: said.push(taskId) }));
const waits = (until: Promise<void>) =>
  run(async ({ signal }) => {
    await Promise.race([until, new Promise((_, stop) => signal.addEventListener("abort", () => stop(signal.reason), { once: true }))]);
    return { kind: "success", value: null };
  });

test("runs one after the other, in the order given, and says when it can take more", async () => {
  const stage = await openStage({ a: { work: says }, b: { work: says }, c: { work: says } });
  const executor = createSequentialExecutor(stage.parts);
  const slots: number[] = [];
  executor.onEvent(() => slots.push(executor.slots));
  expect(executor.slots).toBe(1);
  await executor.queue([await stage.queue("b"), await stage.queue("a"), await stage.queue("c")]);
  expect(executor.slots).toBe(0);
  await expect.poll(() => slots).toEqual([0, 0, 1]);
  expect(said).toEqual(["b", "a", "c"]);
  expect(await executor.sync()).toEqual([]);
  await executor.end(0);
  expect(executor.slots).toBe(0);
});

test("begins nothing that was revoked, and ends what runs", async () => {
  const stage = await openStage({ a: { work: waits(new Promise(() => {})) }, b: { work: says } });
  const executor = createSequentialExecutor(stage.parts);
  const [a, b] = [await stage.queue("a"), await stage.queue("b")];
  await executor.queue([a, b]);
  await executor.revoke(b);
  await expect.poll(async () => (await stage.row("a")).state).toBe("running");
  await executor.revoke(a);
  await expect.poll(async () => (await stage.row("a")).state).toBe("failed");
  await executor.end(1_000);
  expect((await stage.row("b")).state).toBe("queued");
});

test("gives back what a scheduler left behind that nobody runs", async () => {
  const stage = await openStage({ a: { work: says }, b: { work: says } });
  const executor = createSequentialExecutor(stage.parts);
  const [queued, running] = [await stage.queue("a"), await stage.queue("b", { state: "running" })];
  expect(await executor.adopt([queued, running])).toEqual([queued]);
  await executor.end(0);
});

test("ends when what runs has ended, or in time hands it back with all that waits", async () => {
  let end = () => {};
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  const stage = await openStage({ a: { work: waits(until) }, b: { work: waits(new Promise(() => {})) }, c: { work: says } });
  const first = createSequentialExecutor(stage.parts);
  await first.queue([await stage.queue("a")]);
  const ended = first.end(60_000);
  end();
  await ended;
  expect((await stage.row("a")).state).toBe("success");

  const second = createSequentialExecutor(stage.parts);
  const [b, c] = [await stage.queue("b"), await stage.queue("c")];
  await second.queue([b, c]);
  await expect.poll(async () => (await stage.row("b")).state).toBe("running");
  await second.end(0);
  expect((await stage.row("b")).state).toBe("up_for_reschedule");
  await second.queue([b]);
  expect(await second.sync()).toEqual([
    { instance: c, kind: "lost", reason: "the executor was stopped" },
    { instance: b, kind: "lost", reason: "the executor was stopped" },
  ]);
});

test("tells what is lost when the store does not answer", async () => {
  const stage = await openStage({ a: { work: says } });
  const a = await stage.queue("a");
  const executor = createSequentialExecutor({
    ...stage.parts,
    store: { ...stage.store, write: async () => Promise.reject(new Error("away")) },
  });
  const heard = new Promise<void>((resolve) => executor.onEvent(resolve));
  await executor.queue([a]);
  await heard;
  expect(await executor.sync()).toEqual([{ instance: a, kind: "lost", reason: "away" }]);
  await executor.end(0);
});
