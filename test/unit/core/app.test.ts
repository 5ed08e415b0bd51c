/** What an app takes for a task, how its calls fail, and that nobody waits for ever once it is closed. */
import { once } from "node:events";
import { createApp, type Middleware, shape } from "@celeriac/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createSqliteFile, type SqliteFile } from "../../support/sqlite-file.ts";

const files: SqliteFile[] = [];
afterEach(async () => {
  for (const file of files.splice(0)) await file.remove();
});

async function openApp(config: object = {}) {
  const file = await createSqliteFile();
  files.push(file);
  const app = createApp("unit", { broker: file.url, config: { durability: "process", ...config } });
  return { app, add: app.task("unit.add", (x: number, y: number) => x + y) };
}
const untyped = (app: object) => app as Record<"task" | "bound" | "implement", (...args: readonly unknown[]) => unknown>;
const coded = (code: string, text = "") => expect.objectContaining({ code, message: expect.stringContaining(text) });

describe("an app", () => {
  it("is refused under options that nobody knows, or that do not fit, without showing them", () => {
    const create = (options: object) => () => createApp("unit", options);
    expect(create({ brokr: "redis://h" })).toThrow(coded("CONFIG_UNKNOWN", 'did you mean "broker"?'));
    for (const options of [{ broker: { url: "redis://u:s3cret@h" } }, { include: ["./tasks.js"] }, { deps: {} }, { config: "x" }]) {
      expect(create(options)).toThrow(coded("CONFIG_INVALID", Object.keys(options)[0]));
      expect(create(options)).not.toThrow(/s3cret/);
    }
    expect(() => createApp("" as string)).toThrow(coded("CONFIG_INVALID", "name"));
    expect(create({ broker: undefined, backend: "" })).not.toThrow();
  });

  it("lets nobody but itself tell its signals", async () => {
    const { app } = await openApp();
    expect(Object.keys(app.signals)).not.toContain("send");
  });
});

describe("a definition", () => {
  it.each<[string, readonly unknown[]]>([
    ["no function", ["t"]],
    ["options alone", ["t", { queue: "q" }]],
    ["a number", ["t", 5]],
    ["options and a number", ["t", {}, 5]],
    ["no name", ["", () => 1]],
    ["a generator", ["t", function* () {}]],
    ["a generator's method", ["t", { async *m() {} }.m]],
    ["an option of the wrong kind", ["t", { maxRetries: "3" }, () => 1]],
    ["a schema that is none", ["t", { input: {} }, () => 1]],
  ])("is refused with a code: %s", async (_what, args) => {
    const { app } = await openApp();
    expect(() => untyped(app).task(...args)).toThrow(coded("TASK_DEFINITION"));
  });

  it.each(["queu", "constructor", "toString"])("is refused for an option nobody knows: %s", async (name) => {
    const { app } = await openApp();
    expect(() => untyped(app).task("t", { [name]: "q" }, () => 1)).toThrow(coded("CONFIG_UNKNOWN", name));
  });

  it("names the option whose length of time is none", async () => {
    const { app } = await openApp();
    expect(() => untyped(app).task("t", { timeLimit: -1 }, () => 1)).toThrow(coded("CONFIG_DURATION", "timeLimit is -1"));
  });

  it("gives code only to what this app has declared", async () => {
    const { app } = await openApp();
    const { app: other } = await openApp();
    const declared = other.declare("elsewhere", { input: shape<{ n: number }>() });
    expect(() => untyped(app).implement(declared, () => 1)).toThrow(coded("TASK_DEFINITION", "elsewhere"));
  });

  it("can be called in place, through its schema", async () => {
    const { app, add } = await openApp();
    const declared = app.declare("double", { input: shape<{ n: number }>() });
    const double = app.implement(declared, (_self, { n }) => (n * 2) as never);
    await expect(double({ n: 4 })).resolves.toBe(8);
    await expect(add(1, 2)).resolves.toBe(3);
  });
});

describe("a call", () => {
  it("that is wrong rejects, and never throws", async () => {
    const { app, add } = await openApp();
    const calls = [
      add.applyAsync([1, 2], { link: 5 } as never),
      add.applyAsync("ab" as never),
      add.applyAsync([1, 2], null as never),
      app.sendTask(""),
      add.s(1, 2).applyAsync([], { priority: 11 } as never),
    ];
    for (const call of calls) await expect(call).rejects.toEqual(coded("CONFIG_INVALID"));
    await app.close();
  });

  it("that nobody awaits and that fails is told as any rejection is", async () => {
    const { app, add } = await openApp();
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    try {
      const unhandled = once(process, "unhandledRejection");
      void add.delay(Symbol("no") as never, 2);
      expect((await unhandled)[0]).toEqual(coded("PUBLISH_ENCODE", "args[0]"));
    } finally {
      for (const listener of listeners) process.on("unhandledRejection", listener);
    }
    await app.close();
  });

  it("is told by signals, before it is sent and when the broker has it", async () => {
    const { app, add } = await openApp({ maxMessageBytes: 1_024 });
    const told: unknown[] = [];
    app.signals.beforeTaskPublish.connect(({ task, id }) => told.push(["before", task, id]));
    app.signals.afterTaskPublish.connect(({ task, id }) => told.push(["after", task, id]), { task: add });
    await add.applyAsync([1, 2], { taskId: "sent" });
    await expect(add.applyAsync([1, 2], { taskId: "large", kwargs: { text: "x".repeat(2_000) } })).rejects.toThrow();
    expect(told).toEqual([
      ["before", "unit.add", "sent"],
      ["after", "unit.add", "sent"],
      ["before", "unit.add", "large"],
    ]);
  });

  it("is not told as sent by a middleware that keeps its failure to itself", async () => {
    const { app, add } = await openApp({ maxMessageBytes: 1_024 });
    const silent: Middleware = {
      name: "silent",
      publish: (_message, next) => next().catch(() => {}),
    };
    app.use(silent);
    await expect(add.applyAsync([1, 2], { headers: {}, kwargs: { text: "x".repeat(2_000) } })).rejects.toEqual(coded("PUBLISH_ENCODE"));
    await add.delay(1, 2);
    await app.close();
  });

  it("is warned of once where it is large", async () => {
    const { app, add } = await openApp();
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await add.applyAsync([1, 2], { kwargs: { text: "x".repeat(256 * 1024 - 200) } });
    expect(warned).not.toHaveBeenCalled();
    for (const size of [256 * 1024, 300 * 1024]) await add.applyAsync([1, 2], { kwargs: { text: "x".repeat(size) } });
    expect(warned.mock.calls).toEqual([
      [expect.stringMatching(/^A message of task .* has 26\d{4} bytes/), { type: "CeleriacWarning", code: "CELERIAC_LARGE_MESSAGE" }],
    ]);
    warned.mockRestore();
    await app.close();
  });

  it("whose headers cannot travel says which", async () => {
    const { app, add } = await openApp();
    await expect(add.applyAsync([1, 2], { headers: { tenant: { check: () => true } } })).rejects.toEqual(
      coded("PUBLISH_ENCODE", "headers.tenant.check is a function"),
    );
    await app.close();
  });
});

describe("a closed app", () => {
  it("ends who waits for a result, and who watches one", async () => {
    const { app, add } = await openApp();
    const handle = await add.delay(1, 2);
    const got = handle.get({ timeout: Number.POSITIVE_INFINITY });
    const states: string[] = [];
    const watched = (async () => {
      for await (const { state } of handle.watch()) states.push(state);
    })();
    const ends = Promise.allSettled([got, watched]);
    await expect.poll(() => states).toEqual(["PENDING"]);
    await app.close();
    expect(await ends).toEqual([
      { status: "rejected", reason: coded("APP_CLOSED") },
      { status: "rejected", reason: coded("APP_CLOSED") },
    ]);
  });

  it("refuses everything else with the same code, and is down", async () => {
    const { app, add } = await openApp();
    const handle = await add.delay(1, 2);
    await Promise.all([app.close(), app.close()]);
    for (const attempt of [add.delay(1, 2), handle.get(), handle.snapshot(), app.connect()])
      await expect(attempt).rejects.toEqual(coded("APP_CLOSED"));
    expect(await app.health()).toEqual({ broker: "down", backend: "down" });
    await app.close();
  });

  it("has sent what was being sent", async () => {
    const { app, add } = await openApp();
    const sent = Promise.all(Array.from({ length: 50 }, (_, n) => add.delay(n, n)));
    await app.close();
    expect(await sent).toHaveLength(50);
  });
});
