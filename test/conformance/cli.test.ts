import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { freePort } from "../support/free-port.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";
import { startRedis } from "../support/redis-server.ts";

// Several commands at a time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const tasksOf = (options: string) => `
import { createApp } from "celeriac";
export const app = createApp("shop", ${options});
app.task("shop.add", { params: ["x", "y"] }, (x, y) => x + y);
app.task("shop.greet", (name) => \`Hello \${name}\`);
app.task("shop.fail", (why) => { throw new TypeError(why); });
app.task("shop.quiet", { queue: "nobody" }, () => null);
export const both = app.task("shop.both", async () => { await app.sendTask("shop.add", [1, 2], { taskId: "of-both" }); });
`;
const canvases = `
import { chain, chord } from "celeriac";
import { app } from "./tasks.js";
const [add, sum] = [app.declare("py.add"), app.declare("py.sum")];
export const nightly = chord([add.s(1, 1), chain(add.s(2, 2), add.s(3))], sum.s());
export const one = add.s(1, 2);
`;

const tasks = tasksOf('{ config: { acceptContent: ["json", "yaml"] } }');
const ready = /worker-online/;
/** On a busy machine the command says first that it waits. */
const patience = "(The broker has not confirmed it yet; still trying\\.\\n)?";
let folder: ReturnType<typeof projectFolder>;
let worker: PrivateProcess;

const run = (...words: string[]) => celeriac(folder.path, words);

beforeAll(async () => {
  const python = JSON.stringify({ task: "py.add", args: [1], options: { link: [{ task: "py.sum" }] } });
  folder = projectFolder("cli", {
    // The worker's is TypeScript; the commands, of which there are many, load what needs no compiler.
    "package.json": '{ "type": "module", "celeriac": { "app": "./tasks.js" } }',
    "tasks.ts": tasks,
    "tasks.js": tasks,
    "canvases.js": canvases,
    "python.json": python,
    "no.json": "{}",
    "common/package.json": '{ "type": "commonjs" }',
    "common/tasks.ts": tasks,
    "hasty.js": tasksOf('{ config: { publishTimeout: "2s" } }'),
  });
  worker = startCeleriac(folder.path, ["-A", "./tasks.ts", "worker", "-c", "1", "-n", "w1@%h"]);
  await worker.wrote(ready, 60_000);
});
afterAll(async () => {
  await worker?.stop();
  folder?.remove();
});

describe.concurrent("celeriac graph", () => {
  it("draws a signature out of a module or a file of JSON", async () => {
    expect(await run("graph", "./canvases.js:nightly")).toEqual({
      code: 0,
      stdout: [
        ...["flowchart LR", '  n0["py.add"]', '  n1["py.add"]', '  n2["py.add"]', '  n3(("all"))', '  n4["py.sum"]'],
        ...["  n1 --> n2", "  n0 --> n3", "  n2 --> n3", "  n3 --> n4", ""],
      ].join("\n"),
      stderr: "",
    });
    expect((await run("graph", "python.json", "-f", "dot")).stdout).toContain("  n0 -> n1\n");
    const refusal = (text: string) => ({ code: 2, stdout: "", stderr: expect.stringContaining(text) });
    expect(await run("graph", "./canvases.js")).toMatchObject(refusal("exports several signatures, nightly, one"));
    expect(await run("graph", "./no.json")).toMatchObject(refusal("must be a signature"));
    expect(await run("graph", "./nowhere.ts")).toMatchObject(refusal("there is no file"));
  });

  it("draws what a task sent, and how that ended", async () => {
    await run("call", "shop.both", "--id", "both", "-w");
    await run("result", "of-both", "-w");
    const { nodes, edges } = JSON.parse((await run("--json", "graph", "both")).stdout);
    expect(nodes).toMatchObject([
      { id: "n0", label: "both", state: "SUCCESS" },
      { id: "n1", label: "of-both", state: "SUCCESS" },
    ]);
    expect(edges).toEqual([{ from: "n0", to: "n1", kind: "next" }]);
  });
});

describe.concurrent("celeriac call", () => {
  it("prints the result of the task it waited for, on stdout alone", async () => {
    expect(await run("call", "shop.add", "1", "2", "--wait")).toMatchObject({
      code: 0,
      stdout: "3\n",
      stderr: expect.stringMatching(new RegExp(`^${patience}Sent as `)),
    });
    expect(await run("-q", "call", "shop.greet", "Ada", "-w")).toEqual({ code: 0, stdout: "Hello Ada\n", stderr: "" });
    expect((await run("call", "shop.add", "--kwargs", '{"y": 1}', "--args", "[41]", "-w")).stdout).toBe("42\n");
  });

  it("sends it as it is told: through an exchange, compressed, in another format", async () => {
    const way = ["--exchange", "celery", "--routing-key", "celery", "--compression", "gzip", "--serializer", "yaml"];
    expect(await run("-q", "call", "shop.greet", "Ada", ...way, "-w")).toEqual({ code: 0, stdout: "Hello Ada\n", stderr: "" });
    const astray = await run("call", "shop.greet", "Ada", "--exchange", "nowhere", "--routing-key", "celery");
    expect(astray).toMatchObject({ code: 1, stderr: expect.stringContaining("PUBLISH_UNROUTABLE") });
    expect(await run("call", "shop.greet", "Ada", "--serializer", "msgpack")).toMatchObject({ code: 0 });
    await worker.wrote(/CONTENT_REFUSED: .*msgpack/, 30_000);
  });

  it("prints the id, under which the result is found later", async () => {
    const sent = await run("call", "shop.add", "20", "22", "--id", "the-answer");
    expect(sent).toEqual({ code: 0, stdout: "the-answer\n", stderr: expect.stringMatching(new RegExp(`^${patience}$`)) });
    expect(await run("result", "the-answer", "--wait")).toMatchObject({ code: 0, stdout: "42\n" });
  });

  it("writes JSON when asked to", async () => {
    const { stdout } = await run("--json", "call", "shop.add", "1", "2", "--wait");
    expect(JSON.parse(stdout)).toEqual({ id: expect.any(String), state: "SUCCESS", result: 3 });
  });

  it("ends with 3 when the task fails, and shows where on request", async () => {
    const failed = await run("call", "shop.fail", "no stock", "--id", "failed", "--wait");
    expect(failed).toMatchObject({ code: 3, stdout: "" });
    expect(failed.stderr).toContain("error TASK_FAILED: Task shop.fail failed: TypeError: no stock\n");
    expect(failed.stderr).toContain("  celeriac result failed --traceback shows where.\n");
    const shown = await run("result", "failed", "--traceback");
    expect(shown.code).toBe(3);
    expect(shown.stdout).toMatch(/TypeError: no stock\n\s+at .*tasks\.ts/);
    const logged = worker
      .output()
      .split("\n")
      .find((line) => line.includes("task-failed") && line.includes('"taskId":"failed"'));
    expect(JSON.parse(logged ?? "")).toMatchObject({ taskId: "failed", traceback: expect.stringMatching(/\n\s+at .*tasks\.ts/) });
  });

  it("ends with 4 when the task has not ended in time", async () => {
    const late = await run("call", "shop.quiet", "--id", "late", "--wait", "--timeout", "200ms");
    expect(late).toMatchObject({ code: 4, stderr: expect.stringContaining("error RESULT_TIMEOUT: ") });
    expect(await run("result", "late")).toMatchObject({ code: 4, stdout: "", stderr: expect.stringMatching(/^PENDING: /) });
    expect(JSON.parse((await run("result", "late", "--json")).stdout)).toMatchObject({ state: "PENDING", known: false });
  });

  it("refuses a name the app does not know, unless told to send any", async () => {
    const refused = await run("call", "shop.ad", "1");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^error TASK_NOT_REGISTERED: app shop in \.\/tasks\.js has no task shop\.ad: did you mean shop\.add\?/);
    const sent = await run("call", "shop.ad", "1", "--any", "--wait");
    expect(sent).toMatchObject({ code: 3, stderr: expect.stringContaining("NotRegistered: shop.ad") });
  });

  it("sends by name without an app, to the broker it is given", async () => {
    const elsewhere = projectFolder("cli-elsewhere");
    try {
      const url = `sqlite://${join(folder.path, "celeriac.db")}`;
      expect(await celeriac(elsewhere.path, ["-q", "-b", url, "call", "shop.add", "2", "3", "-w"])).toEqual({
        code: 0,
        stdout: "5\n",
        stderr: "",
      });
      const environment = { CELERY_BROKER_URL: url };
      expect(await celeriac(elsewhere.path, ["call", "shop.add", "2", "3", "-w", "-q"], environment)).toMatchObject({ stdout: "5\n" });
    } finally {
      elsewhere.remove();
    }
  });
});

describe.concurrent("bad input", () => {
  it.each([
    [
      ["-b", "http://localhost", "call", "shop.add"],
      1,
      /^error CONFIG_URL: Broker URL "http:\/\/localhost" has the scheme http:\/\/: expected amqp:/,
    ],
    [["-b", "shop", "call", "shop.add"], 1, /^error CONFIG_URL: .*has no scheme/],
    [["-A", "./absent.ts", "worker"], 1, /^error APP_NOT_FOUND: -A \.\/absent\.ts: there is no such module/],
    [["worker", "-c", "0"], 2, /^error COMMAND_USAGE: --concurrency: expected whole number/],
    [["call"], 2, /^error COMMAND_USAGE: call needs TASK\n {2}.*--help/],
    [["call", "shop.add", "[1"], 2, /^error COMMAND_USAGE: the argument \[1 is neither JSON nor/],
  ] as const)("%j ends with %i and one line that says why", async (words, code, line) => {
    const end = await run(...words);
    expect(end).toMatchObject({ code, stdout: "" });
    expect(end.stderr).toMatch(line);
  });

  it.each(["redis", "amqp"])("a call to a broker that is not there is refused in time: %s", async (scheme) => {
    const url = `${scheme}://127.0.0.1:${await freePort()}`;
    const end = await run("-A", "./hasty.js", "-b", url, "--result-backend", "disabled", "call", "shop.add", "1", "2");
    expect(end).toMatchObject({ code: 1, stdout: "" });
    expect(end.stderr).toMatch(
      /^The broker has not confirmed it yet; still trying\.\nerror PUBLISH_REJECTED: .*ECONNREFUSED.*\n {2}Check host, port/,
    );
  });

  it("a worker whose app cannot be loaded does not start, and says how to see why", async () => {
    writeFileSync(join(folder.path, "broken.js"), 'import "./absent.js";');
    const end = await run("-A", "./broken.js", "worker");
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/^error APP_NOT_FOUND: \.\/broken\.js could not be loaded: .*absent\.js.*\n {2}--debug shows where\.\n$/);
  });

  it("an app in TypeScript that package.json makes CommonJS is told what to write there", async () => {
    const end = await run("-A", "./common/tasks.ts", "call", "shop.add", "1", "2");
    expect(end).toMatchObject({ code: 1, stdout: "" });
    expect(end.stderr).toMatch(/error APP_MODULE_FORMAT: .*tasks\.ts, or a file that it imports, .* CommonJS\n {2}Put "type": "module"/);
  });

  it("a result that only its caller gets is not waited for", async () => {
    const end = await run("-b", "amqp://127.0.0.1:1", "result", "some-id", "--wait");
    expect(end).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^error RESULT_DISABLED: rpc:\/\/ brings results to/) });
  });

  it.each([
    [["-b", "memory://", "call", "shop.add", "1", "2"], "no worker would ever see a task sent from here"],
    [["-b", "memory://", "result", "some-id"], "no result would ever be found from here"],
    [["--result-backend", "memory://", "call", "shop.add", "1", "2", "--wait"], "no result would ever be found from here"],
  ] as const)("what lies in another process's memory is not looked for: %j", async (words, why) => {
    const end = await run(...words);
    expect(end).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^error MEMORY_OUT_OF_REACH: memory:\/\/ lies in/) });
    expect(end.stderr).toContain(why);
  });

  it("a Redis server that may evict keys is refused, unless it is to be used all the same", async () => {
    const server = await startRedis({ settings: { "maxmemory-policy": "allkeys-lru" } });
    try {
      const refused = await run("-b", server.url, "call", "shop.add", "1", "2");
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/BROKER_EVICTS|maxmemory-policy/) });
      expect(refused.stderr).toContain("--allow-eviction");
      const allowed = await run("-b", server.url, "--allow-eviction", "call", "shop.add", "1", "2");
      // A busy machine may let it say that it still tries.
      expect(allowed).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/error|evict/i) });
    } finally {
      await server.stop();
    }
  });
});

describe.concurrent("celeriac", () => {
  it("lets -b win over the app's own broker, in every pool", async () => {
    const own = projectFolder("cli-override", {
      "tasks.js": tasksOf('{ broker: "redis://127.0.0.1:1" }'),
    });
    try {
      for (const pool of ["prefork", "threads"]) {
        const url = `sqlite://./${pool}.db`;
        const other = startCeleriac(own.path, ["-b", url, "worker", "-c", "1", "-P", pool]);
        await other.wrote(ready, 60_000);
        expect((await celeriac(own.path, ["-q", "-b", url, "call", "shop.add", "1", "1", "-w"])).stdout, pool).toBe("2\n");
        await other.stop();
        expect(await other.ended).toBe(0);
      }
    } finally {
      own.remove();
    }
  });

  it("runs the tasks of the pool inline in its own process, which outlives what they forget and closes what they opened", async () => {
    const own = projectFolder("cli-inline", {
      "tasks.js": `
import { createApp } from "celeriac";
const app = createApp("shop", { deps: (scope) => { scope.onClose(() => console.log("deps closed")); return {}; } });
export default app;
app.task("shop.forget", () => { void Promise.reject(new Error("forgotten")); console.log("printed"); return process.pid; });
`,
    });
    try {
      const inline = startCeleriac(own.path, ["worker", "-P", "inline"]);
      await inline.wrote(ready, 60_000);
      expect((await celeriac(own.path, ["-q", "call", "shop.forget", "-w"])).stdout).toBe(`${inline.pid}\n`);
      await inline.stop();
      expect(await inline.ended).toBe(0);
      const lines = inline.output().split("\n");
      expect(lines.filter((line) => line === "printed" || line === "deps closed")).toEqual(["printed", "deps closed"]);
      expect(inline.output()).toMatch(/"level":"error".*"reason":"forgotten".*nothing handled it/);
    } finally {
      own.remove();
    }
  });

  it("says of a worker on memory:// that no other process can reach it", async () => {
    const lonely = startCeleriac(folder.path, ["-b", "memory://", "worker", "-c", "1"]);
    await lonely.wrote(ready, 60_000);
    expect(lonely.output()).toMatch(/"level":"warn".*no other process can send this worker a task/);
    await lonely.stop();
    expect(await lonely.ended).toBe(0);
  });

  it("shows its version and its help", async () => {
    expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await run("worker", "--help")).stdout).toContain("--concurrency N");
  });
});
