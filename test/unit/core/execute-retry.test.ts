/** When a run is tried again: the next attempt is the same task, and the rules are Celery's. */
import { deflateSync, inflateSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { published, type RunChanges, startExecution } from "../../support/execution.ts";

/** How long the next attempt of a run waits, in ms; null where there is none. */
async function waitOf(execution: ReturnType<typeof startExecution>, changes: RunChanges = {}): Promise<number | null> {
  const ending = await execution.run("t", changes);
  const [next] = published(ending);
  return ending.kind === "retried" ? Math.max(0, (next?.dueAt ?? 0) - Date.now()) : null;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("a retry", () => {
  it("is the same task once more: same id, one retry more, arguments and custom headers kept, at once where it came from", async () => {
    const execution = startExecution();
    execution.app.bound("t", (self, x: number, y: number) => self.retry({ countdown: 0, args: x === 1 ? undefined : [y, x] }));
    const embed = { callbacks: [{ task: "cb" }], errbacks: null, chain: null, chord: null };
    const headers = { tenant: "a", expires: "2100-01-01T00:00:00+00:00", timelimit: [5, null] };
    const ending = await execution.run("t", { args: [1, 2], embed, headers });
    expect(ending).toMatchObject({ kind: "retried", error: { type: "Error" } });
    const { envelope, route } = ("publish" in ending ? ending.publish[0] : undefined)!;
    expect(envelope.headers).toMatchObject({
      id: "id-1",
      retries: 1,
      parent_id: "id-1",
      root_id: "id-1",
      tenant: "a",
      timelimit: [5, null],
    });
    expect(envelope.headers["expires"]).toBe("2100-01-01T00:00:00.000000+00:00");
    expect(envelope.properties.deliveryTag).toBe("id-1.1");
    expect(route).toEqual({ exchange: "", routingKey: "q" });
    expect(published(ending)[0]?.body).toEqual([[1, 2], {}, embed]);
    expect(published(await execution.run("t", { args: [3, 4] }))[0]?.body).toMatchObject([[4, 3], {}, {}]);
  });

  it("keeps what its caller showed in place of the arguments, and its stamps", async () => {
    const execution = startExecution();
    execution.app.bound("t", (self, secret: string) => {
      expect(self.request.stamps).toEqual({ tenant: ["a"], run: [1, 2] });
      return self.retry({ args: secret === "changed" ? ["again"] : undefined });
    });
    const headers = { argsrepr: "('***',)", kwargsrepr: "{...}", stamped_headers: ["tenant", "run"], stamps: { tenant: "a", run: [1, 2] } };
    const retried = async (arg: string) => {
      const ending = await execution.run("t", { args: [arg], headers });
      return "publish" in ending ? ending.publish[0]?.envelope.headers : undefined;
    };
    const stamps = { stamped_headers: ["tenant", "run"], stamps: { tenant: ["a"], run: [1, 2] } };
    expect(await retried("secret")).toMatchObject({ argsrepr: "('***',)", kwargsrepr: "{...}", ...stamps });
    expect(await retried("changed")).toMatchObject({ argsrepr: "('again',)", kwargsrepr: "{...}", ...stamps });
  });

  it("hands its arguments on to the byte, unless it changes them", async () => {
    const execution = startExecution({ maxMessageBytes: 1_024 });
    execution.app.bound("t", (self, ..._numbers: unknown[]) => self.retry());
    const body = `[[1180591620717411303424, NaN, 1.0, {"__type__": "decimal", "__value__": "1.50"}], {}, {}]`;
    const ending = await execution.run("t", { body });
    expect("publish" in ending && new TextDecoder().decode(ending.publish[0]?.envelope.body)).toBe(body);
    execution.app.bound("t", (self, ..._numbers: unknown[]) => self.retry({ args: ["x".repeat(2_000)] }));
    expect(await execution.run("t", { body })).toMatchObject({ kind: "failed", error: { type: "PublishError" } });
  });

  it("is written as what it retries was, changed or not", async () => {
    const execution = startExecution({ acceptContent: ["msgpack"] });
    execution.app.bound("t", (self, again?: number) => self.retry(again === 2 ? {} : { args: [2, 2 ** 40] }));
    const contentOf = async (hex: string) => {
      const ending = await execution.run("t", { contentType: "application/x-msgpack", body: Buffer.from(hex, "hex") });
      const { properties, body } = ("publish" in ending ? ending.publish[0]?.envelope : undefined)!;
      return [properties.contentType, properties.contentEncoding, Buffer.from(body).toString("hex").slice(0, 24)];
    };
    const msgpack = ["application/x-msgpack", "binary"];
    expect(await contentOf("9391028080")).toEqual([...msgpack, "9391028080"]);
    expect(await contentOf("9391018080")).toEqual([...msgpack, "939202d30000010000000000"]);
  });

  it("is compressed as what it retries was, changed or not", async () => {
    const execution = startExecution();
    execution.app.bound("t", (self, again?: number) => self.retry(again === 2 ? {} : { args: [2] }));
    const retried = async (args: readonly unknown[], compression: string) => {
      const body = deflateSync(JSON.stringify([args, {}, {}]));
      const ending = await execution.run("t", { body, headers: { compression } });
      const { headers, body: next } = ("publish" in ending ? ending.publish[0]?.envelope : undefined)!;
      return [headers["compression"], Buffer.from(next).equals(body), JSON.parse(inflateSync(next).toString())[0]];
    };
    expect(await retried([2], "application/x-gzip")).toEqual(["application/x-gzip", true, [2]]);
    expect(await retried([1], "gzip")).toEqual(["application/x-gzip", false, [2]]);
  });

  it("carries its cause, and is told", async () => {
    const execution = startExecution();
    const cause = new RangeError("too early");
    execution.app.bound("t", (self) => self.retry({ cause }));
    const events = execution.told("taskRetry", "taskFailure", "taskPostrun");
    expect(await execution.run("t")).toMatchObject({ kind: "retried", error: { type: "RangeError", args: ["too early"] } });
    expect(events).toEqual([["taskRetry", expect.objectContaining({ id: "id-1", task: "t", error: cause })]]);
  });

  it("waits as long as it says, as long as the task says, or 3 minutes; a countdown wins over an eta", async () => {
    const execution = startExecution();
    const at = (ms: number) => new Date(Date.now() + ms);
    const wishes = [
      { countdown: "90s" },
      { eta: at(50_000) },
      { eta: at(50_000), countdown: 10 },
      { eta: at(50_000), countdown: 0 },
      { eta: at(-50_000) },
      { countdown: 0 },
      {},
    ] as const;
    execution.app.bound("t", (self, index: number) => self.retry(wishes[index]));
    const waits = [];
    for (const index of wishes.keys()) waits.push(await waitOf(execution, { args: [index] }));
    expect(waits).toEqual([90_000, 50_000, 10_000, 50_000, 0, 0, 180_000]);
    execution.app.bound("t", { defaultRetryDelay: "5s" }, (self) => self.retry());
    expect(await waitOf(execution)).toBe(5_000);
  });

  it.each([{ countdown: -1 }, { eta: new Date(Number.NaN) }, { countdown: 1e12 }])(
    "fails the task where it cannot be: %o",
    async (wish) => {
      const execution = startExecution();
      execution.app.bound("t", (self) => self.retry(wish));
      expect(await execution.run("t")).toMatchObject({ kind: "failed", error: { type: "ConfigError" } });
    },
  );
});

describe("the end of retries", () => {
  it("comes after 3, after as many as the task or the retry says, or never", async () => {
    const execution = startExecution();
    const isRetried = async (retries: number) => (await waitOf(execution, { headers: { retries } })) !== null;
    const define = (options: object, wish: object = {}) => execution.app.bound("t", options, (self) => self.retry(wish));
    define({});
    expect([await isRetried(2), await isRetried(3)]).toEqual([true, false]);
    define({ maxRetries: 0 });
    expect(await isRetried(0)).toBe(false);
    define({ maxRetries: null });
    expect(await isRetried(1_000_000)).toBe(true);
    define({ maxRetries: null }, { maxRetries: 1 });
    expect([await isRetried(0), await isRetried(1)]).toEqual([true, false]);
  });

  it("is the cause's failure, or Celery's MaxRetriesExceededError, and goes to the error callbacks", async () => {
    const execution = startExecution();
    const embed = { errbacks: [{ task: "on.error" }] };
    execution.app.bound("t", { maxRetries: 0 }, (self) => self.retry({ cause: new RangeError("too far") }));
    const failed = await execution.run("t", { embed });
    expect(failed).toMatchObject({ kind: "failed", error: { type: "RangeError", args: ["too far"] } });
    expect(published(failed)).toMatchObject([{ task: "on.error" }]);
    execution.app.bound("t", { maxRetries: 0 }, (self) => self.retry());
    expect(await execution.run("t", { headers: { argsrepr: "(1,)", kwargsrepr: "{}" } })).toMatchObject({
      error: { type: "MaxRetriesExceededError", module: "celery.exceptions", args: ["Can't retry t[id-1] args:(1,) kwargs:{}"] },
    });
  });
});

describe("a retry that nobody asked for", () => {
  class Busy extends RangeError {}

  it("comes for the listed errors, but those that are listed against it", async () => {
    const execution = startExecution();
    const throwing = (options: object) =>
      execution.app.task("t", options, (name: string) => {
        throw name === "busy" ? new Busy("b") : name === "range" ? new RangeError("r") : new TypeError("t");
      });
    const isRetried = async (name: string) => (await waitOf(execution, { args: [name] })) !== null;
    throwing({ autoretryFor: [RangeError], dontAutoretryFor: [Busy] });
    expect([await isRetried("range"), await isRetried("busy"), await isRetried("type")]).toEqual([true, false, false]);
    throwing({ autoretryFor: (error: unknown) => error instanceof TypeError });
    expect([await isRetried("range"), await isRetried("type")]).toEqual([false, true]);
    throwing({});
    expect(await isRetried("range")).toBe(false);
  });

  it("waits by the backoff", async () => {
    const execution = startExecution();
    execution.app.task("t", { autoretryFor: [Error], retryBackoff: 10, retryJitter: false }, () => {
      throw new Error("x");
    });
    expect(await waitOf(execution, { headers: { retries: 2 } })).toBe(40_000);
  });
});
