/** What becomes of what is sent where no worker runs it: nothing, or all of it at once. */
import { shape } from "celeriac";
import { describe, expect, it } from "vitest";
import { coded, newApp, underTest } from "../../../support/under-test.ts";

describe("what is sent", () => {
  it("is recorded and not run in mode fake, with its arguments and options", async () => {
    const app = newApp();
    const add = app.task("add", (x: number, y: number) => x + y);
    const other = app.task("other", () => 1);
    const t = await underTest(app, { mode: "fake" });
    const first = await add.delay(1, 2);
    await add.applyAsync([3, 4], { countdown: "1h", queue: "slow", priority: 3 });
    await add.s(5).applyAsync([6], { kwargs: { z: 1 } });
    expect(t.enqueued(add)).toEqual([
      { id: first.id, args: [1, 2], kwargs: {}, options: {} },
      { id: expect.any(String), args: [3, 4], kwargs: {}, options: { countdown: "1h", queue: "slow", priority: 3 } },
      { id: expect.any(String), args: [6, 5], kwargs: { z: 1 }, options: {} },
    ]);
    expect(t.enqueued(other)).toEqual([]);
    await t.drain();
    expect(await first.state()).toBe("PENDING");
    await expect(t.waitFor(add, "SUCCESS")).rejects.toEqual(coded("TEST_MODE", 'take "eager" or "worker"'));
    expect(() => t.crash(add)).toThrow(coded("TEST_MODE"));
    await expect(add.delay(1, (() => 1) as never)).rejects.toEqual(coded("PUBLISH_ENCODE"));
  });

  it("is given as its caller gave it where a schema takes one object", async () => {
    const app = newApp();
    const mail = app.define("mail", { input: shape<{ to: string }>() }, (_self, { to }) => to);
    const t = await underTest(app);
    await mail.delay({ to: "a@b.c" });
    expect(t.enqueued(mail)).toMatchObject([{ args: [{ to: "a@b.c" }], kwargs: {} }]);
    expect((await t.waitFor(mail, "SUCCESS")).value).toBe("a@b.c");
  });
});

describe("mode eager", () => {
  it("runs what is sent before delay() resolves, and what follows it", async () => {
    const app = newApp();
    const add = app.task("add", { autoretryFor: [TypeError] }, (x: number, y: number) => x + y);
    const outer = app.bound("outer", async (self, n: number) => [await add.delay(n, n).get(), self.request.isEager]);
    const show = app.task("show", (value: unknown) => JSON.stringify(value));
    const score = app.declare<(doc: string) => number>("ml.score");
    const t = await underTest(app, { mode: "eager" });
    t.stub(score, (doc) => doc.length);
    t.fail(add, new TypeError("once"), { times: 1 });
    const sent = await outer.applyAsync([2], { countdown: "1h", link: show.s() });
    expect(await sent.get()).toEqual([4, true]);
    expect((await t.waitFor(show, "SUCCESS")).value).toBe("[4,true]");
    expect((await t.waitFor(add, "RETRY")).error.message).toContain("once");
    expect(await score.delay("four").get()).toBe(4);
    expect(t.enqueued(outer)).toMatchObject([{ id: sent.id, options: { countdown: "1h" } }]);
    expect(t.enqueued(add)).toHaveLength(1);
    expect(await add.result(t.enqueued(add)[0]!.id).get()).toBe(4);
    await expect(t.waitFor(score, "FAILURE")).rejects.toEqual(coded("TEST_STUCK", "is SUCCESS"));
    expect(() => t.crash(add)).toThrow(coded("TEST_MODE"));
  });
});
