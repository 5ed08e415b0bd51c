/** Calls that are known ahead of when they are to be sent: what is done before, and what is not. */
import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import { group } from "../../../packages/core/src/canvas/group.ts";
import { createSignature } from "../../../packages/core/src/canvas/signature.ts";
import { PublishError } from "../../../packages/core/src/errors.ts";
import { createSender } from "../../../packages/core/src/sender.ts";

const at = Date.parse("2026-01-01T00:00:00Z");

function shopApp(config = {}) {
  const app = createApp("shop", { broker: `memory://${randomUUID()}`, config });
  onTestFinished(() => app.close());
  const runtime = runtimeOf(app)!;
  const told: string[] = [];
  app.use({
    name: "tells",
    async publish(message, next) {
      told.push(`made ${message.task}`);
      await next();
      told.push(`sent ${message.task}`);
    },
  });
  const add = app.task("shop.add", (x: number, y: number) => {
    told.push("ran shop.add");
    return x + y;
  });
  const sum = app.declare<(all: readonly number[]) => number>("shop.sum");
  /** What it sends leaves, or will not any more, when it is told. */
  function leaving() {
    let end!: { resolve(): void; reject(error: Error): void };
    const opened = new Promise<void>((resolve, reject) => {
      end = { resolve, reject };
    });
    let asked = () => {};
    const isReady = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const open = () => {
      asked();
      return opened;
    };
    return { sender: createSender(runtime, { at, open }), isReady, ...end };
  }
  async function waiting() {
    const { broker } = await runtime.links();
    if (!broker.connected) await broker.connect();
    return (await broker.queues.peek("celery", 10)).map(({ headers }) => headers);
  }
  return { app, runtime, told, add, sum, leaving, waiting };
}

describe("a call that is to leave later", () => {
  it("is made ready before, as of when it leaves, and sent then", async () => {
    const { add, told, leaving, waiting } = shopApp();
    const { sender, isReady, resolve } = leaving();
    const sending = createSignature(sender, add.si(1, 2).toJSON() as never).applyAsync([], { expires: "30s", countdown: "10s" });
    await isReady;
    expect(told).toEqual(["made shop.add"]);
    expect(await waiting()).toEqual([]);
    resolve();
    const { id } = await sending;
    expect(await waiting()).toMatchObject([{ id, eta: "2026-01-01T00:00:10.000000+00:00", expires: "2026-01-01T00:00:30.000000+00:00" }]);
    expect(told).toEqual(["made shop.add", "sent shop.add"]);
  });

  it("opens the chord of a canvas no earlier than that", async () => {
    const { runtime, add, sum, leaving, waiting } = shopApp();
    const { backend } = await runtime.links();
    const opened: string[] = [];
    const { chords } = backend!;
    const open = chords!.open.bind(chords);
    chords!.open = (start) => {
      opened.push(start.id);
      return open(start);
    };
    const { sender, isReady, resolve } = leaving();
    const totals = group(add.si(1, 2), add.si(3, 4)).pipe(sum.s());
    const sending = createSignature(sender, totals.toJSON() as never).delay();
    await isReady;
    expect([opened, await waiting()]).toEqual([[], []]);
    resolve();
    await sending;
    expect([opened.length, (await waiting()).length]).toEqual([1, 2]);
  });

  it.each(["a task", "a group"])("is not sent when it may not leave any more: %s", async (what) => {
    const { add, leaving, waiting } = shopApp();
    const { sender, isReady, reject } = leaving();
    const step = what === "a task" ? add.si(1, 2) : group(add.si(1, 2), add.si(3, 4));
    const sending = createSignature(sender, step.toJSON() as never).delay();
    const refusal = new PublishError("PUBLISH_REJECTED", "too late", { retryable: true });
    await isReady;
    reject(refusal);
    await expect(sending).rejects.toBe(refusal);
    expect(await waiting()).toEqual([]);
  });

  it("runs no earlier where calls run at once", async () => {
    const { add, told, leaving } = shopApp({ taskAlwaysEager: true });
    const { sender, isReady, resolve } = leaving();
    const sending = createSignature(sender, add.si(1, 2).toJSON() as never).delay();
    await isReady;
    expect(told).toEqual([]);
    resolve();
    expect(await (await sending).get()).toBe(3);
  });
});
