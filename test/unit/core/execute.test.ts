/** One run of a task's function: every way in which it can end is one ending, decided here, whatever user code does. */
import { deflateSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { encodeJson } from "../../../packages/core/src/serializers/json.ts";
import { link, published, startExecution } from "../../support/execution.ts";

describe("a run", () => {
  it("ends with the value its function returned, as JSON", async () => {
    const { app, run } = startExecution();
    app.task("add", { params: ["x", "y"] }, async (x: number, y: number) => ({ sum: x + y }));
    app.task("nothing", () => {});
    expect(await run("add", { args: [1, 2] })).toEqual({ kind: "succeeded", value: '{"sum":3}', children: [], publish: [] });
    expect(await run("add", { args: [1], kwargs: { y: 4 } })).toMatchObject({ value: '{"sum":5}' });
    expect(await run("nothing")).toMatchObject({ kind: "succeeded", value: "null" });
  });

  it("does not begin after its time, without a body that can be read, or without code", async () => {
    const { app, run } = startExecution();
    app.task("t", () => 1);
    app.declare("declared");
    expect(await run("t", { headers: { expires: "2020-01-01T00:00:00Z" } })).toEqual({ kind: "expired" });
    expect(await run("t", { body: "[[], {}]" })).toMatchObject({ kind: "undecodable" });
    expect(await run("t", { contentType: "application/x-python-serialize" })).toMatchObject({ kind: "undecodable" });
    expect([await run("declared"), await run("unheard")]).toEqual([{ kind: "unknown" }, { kind: "unknown" }]);
  });

  it("reads what accept_content names, whoever wrote it", async () => {
    const { app, run } = startExecution({ acceptContent: ["application/x-msgpack", "yaml"] });
    app.task("echo", (...args: unknown[]) => args);
    const msgpack = { contentType: "application/x-msgpack", body: Buffer.from("9391018080", "hex") };
    expect(await run("echo", msgpack)).toMatchObject({ kind: "succeeded", value: "[1]" });
    expect(await run("echo", { contentType: "application/x-yaml", body: "[[yes], {}, {}]" })).toMatchObject({ value: "[true]" });
    expect(await run("echo", { args: [1] })).toEqual({
      kind: "undecodable",
      reason: 'CONTENT_REFUSED: Content type "application/json" refused: accept_content is msgpack, yaml (add "json" to read it)',
    });
  });

  it("does not begin with a body that is compressed as nobody knows, is none, or grows too large", async () => {
    const { app, run } = startExecution({ maxMessageBytes: 1_024 });
    app.task("length", (text: string) => text.length);
    const compressed = (args: readonly unknown[], compression: unknown) =>
      run("length", { body: deflateSync(JSON.stringify([args, {}, {}])), headers: { compression } });
    expect(await compressed(["x".repeat(900)], "application/x-gzip")).toMatchObject({ value: "900" });
    for (const [text, compression, reason] of [
      ["x".repeat(2_000), "application/x-gzip", /^MESSAGE_TOO_LARGE: Body is more than maxMessageBytes \(1024\)/],
      ["x", "application/x-brotli", /^MESSAGE_UNDECODABLE: Body is not what header compression says/],
      ["x", "lzma", /^CONTENT_REFUSED: Compression "lzma" refused/],
      ["x", 7, /^CONTENT_REFUSED: Compression 7 refused/],
    ] as const)
      expect(await compressed([text], compression)).toEqual({ kind: "undecodable", reason: expect.stringMatching(reason) });
  });

  it("reads a body of protocol 1 under headers of protocol 2", async () => {
    const { app, run } = startExecution();
    app.task("echo", (...args: unknown[]) => args);
    const body = JSON.stringify({ args: [1], kwargs: {}, callbacks: [link("cb")], task: "other" });
    const ending = await run("echo", { body });
    expect(ending).toMatchObject({ kind: "succeeded", value: "[1]" });
    expect(published(ending)).toMatchObject([{ task: "cb" }]);
    expect(await run("echo", { body: '{"args": [1]}' })).toMatchObject({ value: "[1]" });
    expect(await run("echo", { body: '{"args": [1], "kwargs": []}' })).toMatchObject({ kind: "undecodable" });
  });

  it("fails where its arguments do not bind, or its value cannot be written", async () => {
    const { app, run } = startExecution();
    app.task("add", { params: ["x", "y"] }, (x: number, y: number) => x + y);
    app.task("nan", () => ({ a: Number.NaN }));
    expect(await run("add", { args: [1, 2], kwargs: { x: 1 } })).toMatchObject({ kind: "failed", error: { type: "CeleriacError" } });
    expect(await run("nan")).toMatchObject({ kind: "failed", error: { args: ["result.a is NaN, which JSON cannot carry"] } });
  });

  it("stores states of its own, and none that are not or come too late", async () => {
    const { app, run, states } = startExecution();
    let late: () => Promise<void> = async () => {};
    app.bound("t", async (self) => {
      await self.progress({ done: 1 });
      await self.updateState("SORTING", [2]);
      late = () => self.progress({ done: 2 });
      await self.updateState("SUCCESS");
    });
    expect(await run("t")).toMatchObject({ kind: "failed", error: { args: [expect.stringContaining("SUCCESS")] } });
    await expect(late()).rejects.toMatchObject({ code: "TASK_CONTEXT" });
    expect(states).toEqual([
      ["PROGRESS", { done: 1 }],
      ["SORTING", [2]],
    ]);
  });
});

describe("self.request", () => {
  it("says with what the task was sent, and signals of the run say it, too", async () => {
    const { app, run, told } = startExecution();
    const events = told("taskPrerun");
    app.bound("t", { params: ["x", "y"] }, (self, _x: number, _y: number) => {
      const { args, kwargs, shadow, replyTo, softTimeLimitMs, timeLimitMs } = self.request;
      return { args, kwargs, shadow, replyTo, limits: [softTimeLimitMs, timeLimitMs] };
    });
    const sentWith = { args: [1], kwargs: { y: 2 } };
    const ending = await run("t", { ...sentWith, headers: { shadow: "s" }, replyTo: "r", timeLimits: { soft: 1_000, hard: 2_000 } });
    const value = "value" in ending ? (JSON.parse(ending.value) as unknown) : ending;
    expect(value).toEqual({ ...sentWith, shadow: "s", replyTo: "r", limits: [1_000, 2_000] });
    expect(events).toMatchObject([["taskPrerun", { ...sentWith, shadow: "s" }]]);
  });
});

describe("a failed run", () => {
  it("carries what was thrown, and whether the task lists it", async () => {
    const { app, run } = startExecution();
    app.task("t", { throws: [RangeError] }, (known: boolean) => {
      throw known ? new RangeError("too far") : new TypeError("no such");
    });
    const error = { type: "RangeError", module: "js", args: ["too far"], traceback: expect.stringContaining("RangeError: too far\n") };
    expect(await run("t", { args: [true] })).toMatchObject({ kind: "failed", expected: true, error });
    expect(await run("t", { args: [false] })).toMatchObject({ kind: "failed", expected: false, error: { type: "TypeError" } });
  });

  const odd = (name: string, value: unknown) => Object.defineProperty(new Error("m"), name, { value });
  const trap = (name: string) =>
    Object.defineProperty(new Error("m"), name, {
      get() {
        throw new Error("trapped");
      },
    });
  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["a bigint", 5n],
    ["a symbol", Symbol("s")],
    ["an object that refers to itself", Object.assign([], { 0: globalThis })],
    ["an error whose message is a bigint", odd("message", 5n)],
    ["an error whose name is an object", odd("name", {})],
    ["an error whose stack is an array", odd("stack", [1])],
    ["an error whose name cannot be read", trap("name")],
    ["an error whose message cannot be read", trap("message")],
    ["an error whose stack cannot be read", trap("stack")],
    ["an object without prototype", Object.create(null)],
  ])("has failed whatever was thrown: %s", async (_what, thrown) => {
    const { app, run } = startExecution();
    app.task("t", () => {
      throw thrown;
    });
    const ending = await run("t");
    expect(ending).toMatchObject({ kind: "failed", error: { type: expect.any(String), module: "js" } });
    expect(() => JSON.stringify(ending)).not.toThrow();
  });

  it("has failed as well where what decides about a retry throws", async () => {
    const { app, run } = startExecution();
    const autoretryFor = () => {
      throw new Error("cannot decide");
    };
    app.task("t", { autoretryFor }, () => {
      throw new Error("first");
    });
    expect(await run("t")).toMatchObject({ kind: "failed", error: { args: ["first"] } });
  });

  it("sends its error callbacks the task's id, and ours what went wrong", async () => {
    const { app, run } = startExecution();
    app.task("fail", () => {
      throw new RangeError("too far");
    });
    app.task("ours", () => 1);
    const embed = { errbacks: [link("ours"), link("python.task")] };
    const [ours, python] = published(await run("fail", { embed }));
    const failure = { type: "RangeError", message: "too far", traceback: expect.any(String) };
    expect([ours?.body, python?.body]).toEqual([
      [["id-1", failure], {}, expect.anything()],
      [["id-1"], {}, expect.anything()],
    ]);
  });

  it("says which steps of its chain will not run because it failed, the next one first", async () => {
    const { app, run } = startExecution();
    app.task("fail", () => {
      throw new RangeError("too far");
    });
    const chain = [
      link("last", { task_id: "id-3", ignore_result: true, reply_to: "me" }),
      { ...link("next", { task_id: "id-2" }), args: [2n ** 70n] },
    ];
    const none = { group: null, kwargsRepr: "{}" };
    expect(await run("fail", { body: encodeJson([[], {}, { chain }], "body") })).toMatchObject({
      kind: "failed",
      unrun: [
        { ...none, id: "id-2", task: "next", argsRepr: "(1180591620717411303424,)", ignoreResult: null, replyTo: null },
        { ...none, id: "id-3", task: "last", argsRepr: "()", ignoreResult: true, replyTo: "me" },
      ],
    });
  });

  it("has failed though its error callbacks cannot be sent", async () => {
    const { app, run } = startExecution({ maxMessageBytes: 1_024 });
    app.task("fail", () => {
      throw new RangeError("too far");
    });
    const embed = { errbacks: [link("e", { countdown: 1e12 })] };
    expect(await run("fail", { embed })).toMatchObject({ kind: "failed", error: { args: ["too far"] }, publish: [] });
  });
});

describe("a run that speaks by throwing", () => {
  it("is rejected or ignored", async () => {
    const { app, run } = startExecution();
    app.bound("reject", (self) => self.reject({ requeue: true, reason: "busy" }));
    app.bound("ignore", (self) => self.ignore());
    expect(await run("reject")).toEqual({ kind: "rejected", requeue: true, reason: "busy" });
    expect(await run("ignore")).toEqual({ kind: "ignored" });
  });

  it("goes back when it gives way to a stop or a lost claim, and has failed by its soft time limit", async () => {
    const { app, run } = startExecution();
    app.bound("wait", async (self) => self.signal.throwIfAborted());
    for (const kind of ["shutdown", "claimLost"] as const)
      expect(await run("wait", { aborted: { kind, message: "" } })).toEqual({ kind: "handedBack" });
    expect(await run("wait", { aborted: { kind: "softTimeLimit", message: "over" } })).toMatchObject({
      kind: "failed",
      error: { type: "SoftTimeLimitExceeded", module: "billiard.exceptions" },
    });
  });

  it("is revoked, not failed or retried, whatever it throws once it was aborted; what returns has succeeded", async () => {
    const { app, run, told } = startExecution();
    app.bound("gives way", async (self) => self.signal.throwIfAborted());
    app.bound("stumbles", { autoretryFor: [Error] }, () => {
      throw new Error("half done");
    });
    app.bound("asks for more", (self) => self.retry());
    app.bound("goes on", () => 7);
    const events = told("taskFailure", "taskRetry", "taskPostrun");
    for (const task of ["gives way", "stumbles", "asks for more"])
      for (const kind of ["aborted", "revoked"] as const)
        expect(await run(task, { aborted: { kind, message: "user left" } }), task).toEqual({
          ...{ kind: "revoked", reason: "user left", begun: true },
        });
    expect(events).toHaveLength(6);
    expect(events[0]).toMatchObject([
      "taskPostrun",
      { outcome: { state: "REVOKED", error: { code: "TASK_REVOKED", reason: "user left" } } },
    ]);
    expect(await run("goes on", { aborted: { kind: "aborted", message: "" } })).toMatchObject({ kind: "succeeded", value: "7" });
  });
});

describe("what follows a success", () => {
  it("gets the result and an id that is always the same, chain shortened from its end", async () => {
    const { app, run } = startExecution();
    app.task("t", () => 7);
    const embed = { callbacks: [link("cb", { queue: "other" })], chain: [link("last"), link("next")] };
    const [first, again] = [published(await run("t", { embed })), published(await run("t", { embed }))];
    expect(first).toMatchObject([
      { task: "cb", queue: "other", body: [[7], {}, expect.anything()] },
      { task: "next", queue: "celery", body: [[7], {}, { chain: [{ task: "last" }] }] },
    ]);
    expect(again).toEqual(first);
  });

  it("is due as Python means it: a time without offset is UTC", async () => {
    vi.stubEnv("TZ", "America/New_York");
    const { app, run } = startExecution();
    app.task("t", () => 7);
    const [naive] = published(await run("t", { embed: { callbacks: [link("cb", { eta: "2030-01-02T03:04:05" })] } }));
    vi.unstubAllEnvs();
    expect(naive?.dueAt).toBe(Date.UTC(2030, 0, 2, 3, 4, 5));
  });

  it("is sent at once where Python says that it should have been earlier", async () => {
    const { app, run } = startExecution();
    app.task("t", () => 7);
    const [early] = published(await run("t", { embed: { callbacks: [link("cb", { countdown: -5, time_limit: 0 })] } }));
    expect(early).toMatchObject({ task: "cb", dueAt: undefined });
  });

  it("fails the run if it cannot be sent, and keeps it from beginning where that is seen before", async () => {
    const { app, run } = startExecution({ maxMessageBytes: 1_024 });
    app.task("large", () => "x".repeat(2_000));
    app.task("t", () => 7);
    expect(await run("large", { embed: { callbacks: [link("cb")] } })).toMatchObject({ kind: "failed", error: { type: "PublishError" } });
    for (const option of ["eta", "expires"])
      expect(await run("t", { embed: { callbacks: [link("cb", { [option]: "no date" })] } })).toMatchObject({ kind: "undecodable" });
  });

  it("is told as children, after what the function itself sent", async () => {
    const { app, run } = startExecution();
    app.task("t", () => 7);
    const ending = await run("t", { embed: { callbacks: [link("cb")] } });
    expect(ending).toMatchObject({ children: [[[published(ending)[0]?.id, null], null]] });
  });
});
