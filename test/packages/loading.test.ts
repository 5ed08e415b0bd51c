/** What importing our packages loads, and what is loaded only when it is used. */
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { loadedBy } from "../support/loaded.ts";
import { packedPackages } from "../support/packed.ts";

const packed = packedPackages(inject("packedPath"));
const core = packed.manifest("@celeriac/core");
const libraries = Object.keys({ ...core.dependencies, ...core.optionalDependencies, ...core.peerDependencies });

const contract = `
import { createApp, shape } from "celeriac";
export const app = createApp("shop", {
  broker: "memory://",
  include: [() => import("./worker/render.js")],
  deps: () => import("./worker/deps.js"),
});
export const score = app.declare("ml.score");
export const render = app.declare("pdf.render", { input: shape() });
`;
const render = `
import { app, render } from "../contract.js";
app.implement(render, () => ({ bytes: 1 }));
`;

describe("import of celeriac", () => {
  it("evaluates core, and no other package", async () => {
    const cwd = packed.project("importer", {});
    const { packages } = await loadedBy(
      `const { createApp, shape } = await import("celeriac");
       const app = createApp("shop", { broker: "redis://127.0.0.1:1" });
       app.task("a.b", () => 1).s().link(app.declare("c.d", { input: shape() }).s());`,
      cwd,
    );
    expect([...packages].sort()).toEqual(["@celeriac/core", "celeriac"]);
  });

  it.each<[given: { broker: string; backend?: string; config?: object }, needed: readonly string[]]>([
    [{ broker: "memory://" }, []],
    [{ broker: "memory://", config: { taskSerializer: "msgpack" } }, ["msgpackr"]],
    // Only to read YAML takes the library.
    [{ broker: "memory://", config: { taskSerializer: "yaml" } }, []],
    [{ broker: "memory://", backend: "redis://127.0.0.1:1" }, ["cluster-key-slot", "ioredis"]],
    [{ broker: "memory://", backend: "db+postgresql://127.0.0.1:1/celeriac" }, ["pg"]],
    [{ broker: "memory://", backend: "db+sqlite:///results.db" }, ["libsql"]],
    [{ broker: "sqlite://./celeriac.db" }, ["libsql"]],
    [{ broker: "redis://127.0.0.1:1", config: { publishTimeout: "50ms" } }, ["cluster-key-slot", "ioredis"]],
    [{ broker: "amqp://127.0.0.1:1", config: { publishTimeout: "50ms" } }, ["amqplib"]],
  ])("loads what is named here once it is used: %j needs %j", async (given, needed) => {
    const cwd = packed.project("user", {});
    const script = `
      const { createApp } = await import("celeriac");
      const app = createApp("shop", ${JSON.stringify(given)});
      await app.sendTask("a.b").catch(() => {});
      await app.health();
      process.exit();`;
    const { packages } = await loadedBy(script, cwd);
    // libsql is native: it has a package for each platform, which is all that is seen of it from outside its thread.
    const isLoaded = (name: string) => [...packages].some((loaded) => loaded === name || loaded.startsWith(`@${name}/`));
    expect(libraries.filter(isLoaded)).toEqual(needed);
    expect(packages).not.toContain("@celeriac/worker");
  });
});

describe("a test with celeriac/testing", () => {
  it("loads the worker, and no library, whatever the broker of its app", async () => {
    const script = `
      const { createApp } = await import("celeriac");
      const { testApp } = await import("celeriac/testing");
      const app = createApp("shop", { broker: "amqp://127.0.0.1:1", backend: "redis://127.0.0.1:1" });
      const add = app.task("add", (x, y) => x + y);
      for (const mode of ["fake", "eager", "worker"]) {
        const t = await testApp(app, { mode });
        const sent = await add.applyAsync([1, 2], { countdown: "1h" });
        await t.clock.advance("1h");
        if (mode !== "fake" && (await sent.get()) !== 3) process.exitCode = 1;
        await t[Symbol.asyncDispose]();
      }`;
    const { packages } = await loadedBy(script, packed.project("tester", {}));
    expect([...packages].sort()).toEqual(["@celeriac/core", "@celeriac/worker", "celeriac"]);
  });
});

describe("import of a contract", () => {
  const files = { "contract.js": contract, "worker/render.js": render, "worker/deps.js": "" };

  it("loads no module of the worker, even when its tasks are sent", async () => {
    const cwd = packed.project("producer", files);
    const script = `
      const { app, render, score } = await import("./contract.js");
      await render.delay({ url: "u" });
      await score.applyAsync(["d"], { link: render.si({ url: "u" }) });
      await app.close();`;
    const loaded = await loadedBy(script, cwd);
    expect([...loaded.files]).toEqual(["contract.js"]);
    expect([...loaded.packages].sort()).toEqual(["@celeriac/core", "celeriac"]);
  });

  it("leaves them to the worker, which loads them when it starts", async () => {
    const cwd = packed.project("consumer", files);
    const script = `
      const { app } = await import("./contract.js");
      const { createWorker } = await import("celeriac/worker");
      const worker = createWorker(app, { pool: "threads", concurrency: 1 });
      await worker.start();
      await worker.stop();
      await app.close();`;
    const { files: loaded } = await loadedBy(script, cwd);
    expect(loaded).toContain("worker/render.js");
  });
});

describe("the command", () => {
  const command = join(packed.path, "node_modules", "celeriac", "dist", "main.js");
  const loadedWith = async (...words: string[]) => {
    const script = `const { main } = await import(${JSON.stringify(command)}); await main(${JSON.stringify(words)});`;
    return await loadedBy(script, packed.project("commanded", {}));
  };

  it.each([
    [["--version"], []],
    [["worker", "--help"], []],
    [["-b", "sqlite://./celeriac.db", "call", "a.b"], ["libsql"]],
    [
      ["-b", "sqlite://./celeriac.db", "queues"],
      ["cli-table3", "libsql"],
    ],
  ])("loads of libraries, and of worker and beat, what it needs to do what it is told: %j", async (words, needed) => {
    const { packages, modules } = await loadedWith(...words);
    const isLoaded = (name: string) => [...packages].some((loaded) => loaded === name || loaded.startsWith(`@${name}/`));
    expect([...libraries, "cli-table3", "tsx"].filter(isLoaded).sort()).toEqual(needed);
    // Help and parser know the options of both.
    const ofSiblings = [...modules].filter((path) => /^@celeriac\/(worker|beat)\//.test(path)).sort();
    const options = [
      "beat/dist/option-table.js",
      "beat/dist/options.js",
      "worker/dist/machine.js",
      "worker/dist/option-table.js",
      "worker/dist/options.js",
    ];
    expect(ofSiblings).toEqual(options.map((path) => `@celeriac/${path}`));
  });
});

describe("a worker", () => {
  it.each([
    ["without an address for probes", {}, []],
    ["with one", { http: 0 }, ["prom-client"]],
  ])("%s loads of what counts for them: %j → %j", async (_, options, needed) => {
    const script = `
      const { createApp } = await import("celeriac");
      const { createWorker } = await import("celeriac/worker");
      const app = createApp("shop", { broker: "memory://" });
      const worker = createWorker(app, { pool: "inline", ...${JSON.stringify(options)} });
      await worker.start();
      await worker.stop();
      await app.close();`;
    const { packages } = await loadedBy(script, packed.project("probed", {}));
    expect([...packages].filter((name) => name === "prom-client")).toEqual(needed);
  });
});

describe("a beat", () => {
  it.each([
    ["without an address for probes", {}, []],
    ["with one", { http: 0 }, ["prom-client"]],
  ])("%s loads core, itself, and of what counts: %j → %j", async (_, options, needed) => {
    const script = `
      const { createApp, every } = await import("celeriac");
      const { createBeat } = await import("celeriac/beat");
      const app = createApp("shop", { broker: "memory://" });
      app.schedule("often", every("1s"), app.declare("a.b").s());
      const beat = createBeat(app, ${JSON.stringify(options)});
      await beat.start();
      await beat.stop();
      await app.close();`;
    const { packages } = await loadedBy(script, packed.project("beating", {}));
    expect([...packages].filter((name) => name === "prom-client")).toEqual(needed);
    expect(packages).not.toContain("@celeriac/worker");
  });
});
