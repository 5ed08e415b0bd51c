/** Orders under test: what is sent, what becomes of it in three days, and what when the world does not do its part. */
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { type TestApp, testApp } from "celeriac/testing";
import { app, charge, confirm, MailServerAway, place, remind, suspicion, type World } from "./orders.ts";

const start = new Date("2026-03-01T08:00:00Z");
let sent: { readonly to: string; readonly text: string; readonly at: string }[] = [];

/** A worker that runs everything, in a world where everything works. */
async function orders(change: Partial<World> = {}): Promise<TestApp> {
  const t = await testApp(app, {
    mode: "worker",
    now: start,
    deps: {
      bank: { charge: async (order) => `Order ${order} is paid.` },
      mail: { send: async (to, text) => void sent.push({ to, text, at: t.clock.now().toISOString() }) },
      ...change,
    },
  });
  t.stub(suspicion, () => 0.1);
  return t;
}

beforeEach(() => {
  sent = [];
});

describe("an order", () => {
  test("is looked at first", async () => {
    await using t = await testApp(app);
    await place.delay(42, "ada@example.org");
    assert.deepEqual(t.enqueued(place)[0]?.args, [42, "ada@example.org"]);
    assert.deepEqual(t.enqueued(charge), [], "nothing runs in a fake, and nothing was charged");
  });

  test("is charged and confirmed, and its customer asked three days later", async () => {
    await using t = await orders();
    assert.equal(await place.delay(42, "ada@example.org").get(), true);
    await t.clock.advance("3d");
    assert.deepEqual(sent, [
      { to: "ada@example.org", text: "Thank you. Order 42 is paid.", at: "2026-03-01T08:00:00.000Z" },
      { to: "ada@example.org", text: "How do you like order 42?", at: "2026-03-04T08:00:00.000Z" },
    ]);
  });

  test("of a fraud is not taken", async () => {
    await using t = await orders();
    t.stub(suspicion, () => 0.99);
    assert.equal(await place.delay(42, "eve@example.org").get(), false);
    assert.deepEqual(t.enqueued(charge), []);
  });

  test("is not charged by a bank that does not answer", async () => {
    await using t = await orders({
      bank: {
        charge: (_order, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      },
    });
    await place.delay(42, "ada@example.org");
    await t.clock.advance("30s");
    const { error } = await t.waitFor(charge, "FAILURE");
    assert.equal(error.remote.type, "SoftTimeLimitExceeded");
    assert.deepEqual(t.enqueued(confirm), []);
  });

  test("is looked at again when its worker is killed", async () => {
    await using t = await orders();
    t.crash(place, { times: 2 });
    assert.equal(await place.delay(42, "ada@example.org").get(), true);
    assert.equal(t.enqueued(charge).length, 1);
  });
});

describe("a mail", () => {
  test("is sent when the mail server is back, after one minute and two more", async () => {
    await using t = await orders();
    t.fail(confirm, new MailServerAway(), { times: 2 });
    await confirm.delay("ada@example.org", "Paid.");
    await t.clock.advance("2m");
    assert.equal(sent.length, 0);
    await t.clock.advance("1m");
    assert.equal((await t.waitFor(confirm, "SUCCESS")).retries, 2);
    assert.equal(sent[0]?.at, "2026-03-01T08:03:00.000Z");
  });

  test("that would come too late is not sent", async () => {
    await using t = await orders();
    await remind.applyAsync(["ada@example.org", 42], { countdown: "3d", expires: "1d" });
    await t.clock.advance("3d");
    assert.equal((await t.waitFor(remind, "REVOKED")).error.reason, "expired");
    assert.equal(sent.length, 0);
  });
});
