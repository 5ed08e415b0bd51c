/** What a worker that starts asks the others, how long it waits for them, and what it learns. */
import { createApp } from "@celeriac/core";
import { type Broker, type Envelope, runtimeOf } from "@celeriac/core/runtime";
import { createWorker } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import { writeReply } from "../../../packages/core/src/control/pidbox.ts";
import { createLamportClock } from "../../../packages/core/src/lamport-clock.ts";
import { createMingling } from "../../../packages/worker/src/mingle.ts";
import { Revoked } from "../../../packages/worker/src/revoked.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

/** A worker that asks, on a broker where the test answers. */
function asking({ refuses = false } = {}) {
  const clock = createFakeClock();
  const app = createApp("mingle", { broker: "memory://mingle-unit" });
  const { settings } = runtimeOf(app)!;
  const revoked = new Revoked({ max: 20_000, expiresMs: 60_000 }, clock);
  revoked.addIds(["ours"]);
  const logged: string[] = [];
  const line = (message: string) => void logged.push(message);
  const asked: Envelope[] = [];
  let heard: (envelope: Envelope) => void = () => {};
  let listening = 0;
  const broker = {
    async connect() {},
    async subscribe(_exchange, options) {
      if (refuses) throw new Error("not allowed");
      heard = (envelope) => options.heard(envelope, "");
      listening++;
      return { close: async () => void listening-- };
    },
    async broadcast(_exchange, _key, envelope) {
      asked.push(envelope);
    },
  } as Partial<Broker> as Broker;
  const control = { broker, settings, clock, lamport: createLamportClock(), logger: { debug: line, info: line, warn: line, error: line } };
  const learnt: string[][] = [];
  const revoker = { learn: (ids: readonly string[]) => void learnt.push([...ids]) };
  const mingling = createMingling({ control, hostname: "w1@host", revoked, revoker });
  const question = () =>
    JSON.parse(Buffer.from(asked[0]?.body ?? "{}").toString()) as { readonly ticket: string } & Readonly<Record<string, unknown>>;
  return {
    ...{ clock, mingling, learnt, logged, question },
    listening: () => listening,
    answer: (hostname: string, value: unknown) => heard(writeReply({ hostname, value }, question().ticket, 1)),
  };
}

describe("a worker that asks", () => {
  it("sends what Celery's workers send, with what it knows itself", async () => {
    const { mingling, clock, question } = asking();
    void mingling.ask();
    await clock.advance(0);
    expect(question()).toMatchObject({
      ...{ method: "hello", arguments: { from_node: "w1@host", revoked: ["ours"] } },
      ...{ destination: null, pattern: null, matcher: null, reply_to: { exchange: "reply.celery.pidbox" } },
    });
    await mingling.close();
  });

  it("begins when nobody has answered for a moment, and hears for a second", async () => {
    const { mingling, clock, learnt, answer, listening, logged } = asking();
    let begins = false;
    void mingling.ask().then(() => {
      begins = true;
    });
    await clock.advance(149);
    expect(begins).toBe(false);
    await clock.advance(1);
    expect([begins, listening()]).toEqual([true, 1]);
    answer("late@host", { revoked: ["late"], clock: 3 });
    await clock.advance(850);
    expect([learnt, listening(), logged, clock.pending]).toEqual([[["late"]], 0, ["mingled"], 0]);
  });

  it("begins soon after the last answer, and learns from lists and from what Celery sends", async () => {
    const { mingling, clock, learnt, answer } = asking();
    let begins = false;
    void mingling.ask().then(() => {
      begins = true;
    });
    await clock.advance(140);
    answer("ours@host", { revoked: ["a", 7], clock: 3 });
    await clock.advance(20);
    answer("python@host", { revoked: { b: [1963.7, "b"], c: 1.5 }, clock: 42 });
    await clock.advance(29);
    expect(begins).toBe(false);
    await clock.advance(1);
    for (const odd of [null, "no", { revoked: null }, { revoked: 7 }]) answer("odd@host", odd);
    expect([begins, learnt]).toEqual([true, [["a"], ["b", "c"], [], [], [], []]]);
    await mingling.close();
  });

  it("takes no more than the newest 10,000 of each, and begins without what it may not ask", async () => {
    const { mingling, clock, learnt, answer } = asking();
    void mingling.ask();
    await clock.advance(0);
    answer("much@host", { revoked: Array.from({ length: 10_002 }, (_, index) => `id ${index}`), clock: 1 });
    expect([learnt[0]?.length, learnt[0]?.[0]]).toEqual([10_000, "id 2"]);
    await mingling.close();
    const other = asking({ refuses: true });
    await other.mingling.ask();
    expect(other.logged).toEqual(["other workers could not be asked what is revoked"]);
    expect(other.clock.pending).toBe(0);
  });

  it("ends at once when the worker stops", async () => {
    const { mingling, clock, listening } = asking();
    const begins = mingling.ask();
    await clock.advance(10);
    await mingling.close();
    await begins;
    expect([listening(), clock.pending]).toEqual([0, 0]);
  });
});

it("workers tell each other what is revoked, and none hears itself", async () => {
  const app = createApp("mingle", { broker: "memory://mingle" });
  onTestFinished(() => app.close());
  const start = async (hostname: string, options: object = {}) => {
    const worker = createWorker(app, { pool: "inline", hostname, ...options });
    onTestFinished(() => worker.stop());
    await worker.start();
    return worker;
  };
  const known = async (destination: string) => Object.values(await app.control.inspect("revoked", { destination }));
  await start("w1@host");
  await app.control.revoke("unwanted", { reply: true, limit: 1 });
  await start("w2@host");
  await start("w3@host", { withoutMingle: true });
  await expect.poll(() => known("w2@host")).toEqual([["unwanted"]]);
  expect(await known("w3@host")).toEqual([[]]);
  expect(await app.control.broadcast("hello", { from_node: "w2@host", revoked: { other: 1.5 } }, { reply: true, limit: 2 })).toEqual({
    "w1@host": { revoked: ["unwanted", "other"], clock: expect.any(Number) },
    "w3@host": { revoked: ["other"], clock: expect.any(Number) },
  });
});
