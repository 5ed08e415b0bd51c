/** Calls that run where they are made: by apply(), and wherever taskAlwaysEager is set. */
import { type Config, createApp, PublishError, shape, TaskError } from "@celeriac/core";
import { describe, expect, it, onTestFinished } from "vitest";

/** Nobody could reach its broker. */
function newApp(config: Config = {}) {
  const app = createApp("eager", { broker: "amqp://nowhere.invalid", config });
  onTestFinished(() => app.close());
  return app;
}

describe("apply()", () => {
  it("runs the task here, and returns how it ended", async () => {
    const app = newApp();
    const seen: unknown[] = [];
    const add = app.bound("add", async (self, x: number, y: number) => {
      seen.push(self.request.isEager, self.request.queue, app.currentTask() === self);
      await self.progress({ half: true });
      return x + y;
    });
    const fail = app.task("fail", () => {
      throw new RangeError("no");
    });
    expect(await add.apply([1, 2])).toEqual({ state: "SUCCESS", value: 3 });
    expect(seen).toEqual([true, "celery", true]);
    const end = await fail.apply([]);
    expect(end).toMatchObject({ state: "FAILURE", error: { remote: { type: "RangeError", args: ["no"] }, cause: new RangeError("no") } });
    expect(await add.apply([1, 2], { expires: new Date(0) })).toMatchObject({ state: "REVOKED", error: { reason: "expired" } });
  });

  it("adds nothing to a chord: neither here nor in a call of the function", async () => {
    const app = newApp();
    const grow = app.bound("grow", (self): Promise<unknown> => self.addToChord(app.declare<() => number>("more").s()));
    const remote = { args: [expect.stringContaining("has a chord of a fixed size")] };
    expect(await grow.apply([])).toMatchObject({ state: "FAILURE", error: { remote } });
    await expect(grow()).rejects.toMatchObject({ code: "TASK_CONTEXT", message: expect.stringContaining("called in place") });
  });

  it("goes the whole way: what cannot travel is refused, and the function gets what a worker's would get", async () => {
    const app = newApp();
    const echo = app.task("echo", (value: unknown) => value);
    const mail = app.define("mail", { input: shape<{ to: string }>() }, (_self, { to }) => to);
    expect(await echo.apply([[undefined]])).toEqual({ state: "SUCCESS", value: [null] });
    await expect(echo.apply([() => 1])).rejects.toBeInstanceOf(PublishError);
    await expect(echo.apply([1], { countdwn: 3 } as never)).rejects.toMatchObject({ code: "CONFIG_UNKNOWN" });
    expect(await mail.apply([{ to: "a@b.c" }])).toEqual({ state: "SUCCESS", value: "a@b.c" });
  });

  it("retries at once, without the waits, and fails when the retries are used up", async () => {
    const app = newApp();
    const attempts: number[] = [];
    const flaky = app.bound("flaky", { autoretryFor: [TypeError], maxRetries: 2 }, (self, succeedAt: number) => {
      attempts.push(self.request.retries);
      if (self.request.retries < succeedAt) throw new TypeError("away");
      return "done";
    });
    expect(await flaky.apply([2], { countdown: "1h" })).toEqual({ state: "SUCCESS", value: "done" });
    expect(await flaky.apply([9])).toMatchObject({ state: "FAILURE", error: { cause: new TypeError("away") } });
    const wished = app.bound("wished", { maxRetries: 0 }, (self) => self.retry());
    expect(await wished.apply([])).toMatchObject({ state: "FAILURE", error: { remote: { type: "MaxRetriesExceededError" } } });
    expect(attempts).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it("ends what rejects or ignores itself", async () => {
    const app = newApp();
    const rejects = app.bound("rejects", (self) => self.reject({ reason: "not mine" }));
    const ignores = app.bound("ignores", (self) => self.ignore());
    expect(await rejects.apply([])).toMatchObject({ state: "FAILURE", error: { remote: { type: "Reject" } } });
    expect(await ignores.apply([])).toEqual({ state: "SUCCESS", value: null });
  });

  it("runs links and error callbacks before it returns, through middleware", async () => {
    const app = newApp();
    const told: unknown[] = [];
    const add = app.task("add", (x: number, y: number) => x + y);
    const tell = app.task("tell", (value: unknown) => void told.push(value));
    const failed = app.task("failed", (id: string, failure?: { readonly message: string }) => void told.push([id, failure?.message]));
    const fail = app.task("fail", () => {
      throw new Error("no");
    });
    app.use({
      name: "tenant",
      publish(message, next) {
        message.headers["tenant"] = "a";
        return next();
      },
      execute(self, next) {
        told.push([self.task.name, self.request.headers["tenant"]]);
        return next();
      },
    });
    await add.apply([1, 2], { link: add.s(10).link(tell.s()) });
    await fail.apply([], { taskId: "id-1", linkError: failed.s() });
    expect(told).toEqual([["add", "a"], ["add", undefined], ["tell", undefined], 13, ["fail", "a"], ["failed", undefined], ["id-1", "no"]]);
  });
});

describe("taskAlwaysEager", () => {
  it("runs whatever is sent, in Celery's words too, and gives a handle that knows how it ended", async () => {
    const app = newApp({ task_always_eager: true });
    const add = app.task("add", (x: number, y: number) => x + y);
    const outer = app.task("outer", async (n: number) => (await add.delay(n, 1)).get());
    const sent = await outer.applyAsync([4], { countdown: "1h", queue: "far" });
    expect([await sent.get(), await sent.state(), await sent.ready()]).toEqual([5, "SUCCESS", true]);
    expect(await (await sent.children())[0]!.id).toEqual(expect.any(String));
    expect(await add.s(1).delay(2).get()).toBe(3);
    expect(await app.sendTask("add", [1, 2]).get()).toBe(3);
    const unknown = app.declare<() => number>("elsewhere");
    await expect(unknown.delay().get()).rejects.toMatchObject({ remote: { type: "NotRegistered" } });
    await sent.forget();
    expect(await sent.state()).toBe("PENDING");
  });

  it("hands on its priority where taskInheritParentPriority is set and nothing else gives one", async () => {
    const prioritiesBelow = async (config: Config) => {
      const app = newApp({ taskAlwaysEager: true, taskDefaultPriority: 1, ...config });
      const seen: (number | null)[] = [];
      const inner = app.bound("inner", (self) => void seen.push(self.request.priority));
      const own = app.bound("own", { priority: 2 }, (self) => void seen.push(self.request.priority));
      const outer = app.task("outer", async () => {
        await inner.delay();
        await inner.applyAsync([], { priority: 0 });
        await own.delay();
      });
      await outer.applyAsync([], { priority: 7, link: inner.si() });
      return seen;
    };
    expect(await prioritiesBelow({ task_inherit_parent_priority: true })).toEqual([7, 0, 2, 7]);
    expect(await prioritiesBelow({})).toEqual([1, 0, 2, 1]);
  });

  it("keeps out of the children what addToParent: false sends", async () => {
    const app = newApp({ task_always_eager: true });
    const add = app.task("add", (x: number, y: number) => x + y);
    const outer = app.task("outer", async (n: number) => {
      await add.applyAsync([n, 1], { addToParent: false });
      return (await add.delay(n, 2)).id;
    });
    const sent = await outer.delay(1);
    expect((await sent.children()).map(({ id }) => id)).toEqual([await sent.get()]);
  });

  it("keeps failures in the handle, or throws what the task threw where taskEagerPropagates is set", async () => {
    const fails = (config: Config) =>
      newApp({ taskAlwaysEager: true, ...config }).task("fails", () => {
        throw new RangeError("no");
      });
    await expect((await fails({}).delay()).get()).rejects.toBeInstanceOf(TaskError);
    await expect(fails({ task_eager_propagates: true }).delay()).rejects.toEqual(new RangeError("no"));
  });

  it("stores results for others only where taskStoreEagerResult is set", async () => {
    const kept = async (store: boolean) => {
      const app = createApp("stores", {
        broker: `memory://eager-${store}`,
        config: { taskAlwaysEager: true, taskStoreEagerResult: store },
      });
      const { id } = await app.task("add", (x: number, y: number) => x + y).delay(1, 2);
      const { id: ignored } = await app.task("quiet", { ignoreResult: true }, () => 1).delay();
      const states = [await app.result(id).state(), await app.result(ignored).state()];
      await app.close();
      return states;
    };
    expect(await kept(true)).toEqual(["SUCCESS", "PENDING"]);
    expect(await kept(false)).toEqual(["PENDING", "PENDING"]);
  });
});
