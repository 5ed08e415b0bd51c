/** The commands about queues, on the embedded broker. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { projectFolder } from "../support/project-folder.ts";

// Several commands at a time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const tasks = `
import { createApp } from "celeriac";
export const app = createApp("shop", {
  config: {
    taskQueues: [
      "celery",
      { name: "mail", exchange: "post", exchangeType: "topic", routingKey: "mail.#" },
      { name: "reload", broadcast: true },
    ],
  },
});
app.task("shop.mail", { queue: "mail" }, (to) => to);
app.task("shop.slow", { queue: "slow" }, () => null);
`;

/** Of a suite's own: its queues are nobody else's. */
function openProject() {
  let folder: ReturnType<typeof projectFolder>;
  beforeAll(() => {
    folder = projectFolder("cli-queues", { "tasks.js": tasks });
  });
  afterAll(() => folder?.remove());
  const run = (...words: string[]) => celeriac(folder.path, words);
  return {
    path: () => folder.path,
    run,
    json: async (...words: string[]) => JSON.parse((await run("--json", ...words)).stdout) as Record<string, unknown>,
  };
}

beside("celeriac queues", () => {
  const { path, run, json } = openProject();

  it("lists the queues of broker and app, with what waits in them", async () => {
    await run("call", "shop.mail", "ada@example.org");
    await run("call", "shop.mail", "bob@example.org", "--id", "second");
    const { queues } = (await json("queues")) as { queues: { name: string; oldestMs: number | null }[] };
    expect(queues).toEqual([
      { name: "celery", length: 0, oldestMs: null, dead: 0, paused: false },
      { name: "mail", length: 2, oldestMs: expect.any(Number), dead: 0, paused: false },
      { name: "slow", length: 0, oldestMs: null, dead: 0, paused: false },
    ]);
    const { code, stdout } = await run("queues", "list", "mail");
    expect([code, stdout.split("\n").map((line) => line.split(/ {2,}/)[0])]).toEqual([0, ["QUEUE", "mail", ""]]);
  });

  it("looks at what comes next and leaves it there", async () => {
    const { queues } = (await json("queues", "peek", "mail", "-n", "5")) as { queues: { messages: { id: string }[] }[] };
    expect(queues).toMatchObject([{ queue: "mail", messages: [{ task: "shop.mail", retries: 0 }, { id: "second" }] }]);
    const { stdout } = await run("queues", "peek", "mail", "slow", "-n", "1");
    expect(stdout).toMatch(/shop\.mail .*'ada@example\.org'/);
    expect(stdout).not.toContain("bob");
  });

  it("pauses a queue for a worker that starts later, until it is resumed", async () => {
    expect(await json("queues", "pause", "mail")).toEqual({ queue: "mail", paused: true });
    expect((await run("queues", "list", "mail")).stdout).toMatch(/mail .*paused/);
    const worker = startCeleriac(path(), ["worker", "-c", "1", "-P", "threads", "-Q", "celery,mail", "--json"]);
    try {
      await worker.wrote(/worker-online/, 60_000);
      expect((await json("queues", "list", "mail"))["queues"]).toMatchObject([{ length: 2, paused: true }]);
      expect(await run("queues", "resume", "mail")).toMatchObject({ code: 0, stdout: "mail is not paused any more.\n" });
      expect(await run("result", "second", "--wait")).toMatchObject({ code: 0, stdout: "bob@example.org\n" });
    } finally {
      await worker.stop();
    }
  });

  it("says what it cannot do", async () => {
    for (const [words, text] of [
      [["queues", "pase", "mail"], "did you mean pause?"],
      [["queues", "pause"], "needs the name of a queue"],
      [["queues", "pause", "reload"], "is a broadcast"],
      [["queues", "peek", "mail", "-n", "0"], "whole number 1 to 1000"],
    ] as const)
      expect(await run(...words)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(text) });
  });
});

beside("celeriac control pause and resume", () => {
  const { run, json } = openProject();

  it("keep tasks and queues, by name, in the broker, and list them", async () => {
    expect(await json("control", "pause", "--task", "shop.slow")).toEqual({ task: "shop.slow", paused: true });
    expect(await run("control", "pause", "--queue", "slow", "--task", "shop.slwo")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^shop\.slwo is paused: .*\nslow is paused: .*\n$/),
      stderr: expect.stringContaining("No task shop.slwo is known here."),
    });
    expect(await json("control", "pause")).toEqual({ tasks: ["shop.slow"], queues: ["slow"] });
    expect((await run("control", "resume", "--task", "shop.slow,shop.slwo", "--queue", "slow")).stdout.split("\n")).toHaveLength(4);
    expect(await run("control", "pause")).toMatchObject({ code: 0, stdout: "", stderr: "Nothing is paused.\n" });
  });

  it("are for all workers, and need a name", async () => {
    for (const [words, text] of [
      [["pause", "shop.slow"], "--task shop.slow"],
      [["pause", "--task", "shop.slow", "-d", "celery@one"], "all workers"],
      [["resume"], "needs --task"],
    ] as const) {
      expect(await run("control", ...words)).toMatchObject({ code: 2, stderr: expect.stringContaining(text) });
    }
  });
});

beside("celeriac dead", () => {
  const { run, json } = openProject();

  it("lists dead letters, sends them back by id, and deletes them", async () => {
    for (const id of ["first", "second", "third"]) await run("call", "shop.slow", "--queue", "slow.dead", "--id", id);
    expect(await json("dead")).toMatchObject({
      dead: [{ id: "first", task: "shop.slow", queue: "slow" }, { id: "second" }, { id: "third" }],
    });
    const redriven = await json("dead", "redrive", "slow", "--id", "second");
    expect(redriven).toMatchObject({ redriven: [{ id: "second" }], missing: [] });
    expect(await run("dead", "redrive", "--id", "second")).toMatchObject({ code: 1, stderr: expect.stringContaining("no dead letter") });
    expect((await json("queues", "list", "slow"))["queues"]).toMatchObject([{ length: 1, dead: 2 }]);
    expect(await run("dead", "purge", "slow", "--all")).toMatchObject({ code: 0, stdout: "2 dead letters: deleted.\n" });
    expect(await run("dead", "list", "slow")).toMatchObject({ code: 0, stderr: "No dead letters.\n" });
    await run("purge", "-f", "slow");
  });

  it("says what it cannot do", async () => {
    expect(await run("dead", "redrve")).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean redrive?") });
    expect(await run("dead", "redrive", "slow")).toMatchObject({ code: 2, stderr: expect.stringContaining("--all") });
  });
});

beside("without an app", () => {
  const { path } = openProject();

  it("the broker is found whose URL lies in a file", async () => {
    const elsewhere = projectFolder("cli-queues-elsewhere", { "broker-url": `sqlite://${join(path(), "celeriac.db")}\n` });
    try {
      const environment = { CELERY_BROKER_URL_FILE: join(elsewhere.path, "broker-url") };
      const { code, stdout, stderr } = await celeriac(elsewhere.path, ["--json", "queues", "list", "mail"], environment);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({ queues: [{ name: "mail" }] });
    } finally {
      elsewhere.remove();
    }
  });
});

beside("celeriac bindings", () => {
  const { run, json } = openProject();

  it("lists which exchanges lead where", async () => {
    const mail = { exchange: "post", type: "topic", routingKey: "mail.#", queue: "mail" };
    expect((await json("bindings", "post"))["bindings"]).toEqual([mail]);
    const { code, stdout } = await run("bindings");
    expect([code, stdout.split("\n").map((line) => line.split(/ {2,}/))]).toEqual([
      0,
      [["EXCHANGE", "TYPE", "KEY", "QUEUE"], ["celery", "direct", "celery", "celery"], ["post", "topic", "mail.#", "mail"], [""]],
    ]);
  });
});

beside("celeriac purge", () => {
  const { run, json } = openProject();

  it("asks first, and without a terminal does nothing", async () => {
    await run("call", "shop.slow");
    expect(await run("purge", "slow")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--force") });
    expect((await json("queues", "list", "slow"))["queues"]).toMatchObject([{ length: 1 }]);
  });

  it("deletes what waits in the queues that are named, or in the app's", async () => {
    await run("call", "shop.mail", "eve@example.org", "--countdown", "1h");
    expect(await json("purge", "-f", "-X", "celery")).toEqual({ purged: { mail: 1, reload: 0 }, total: 1 });
    expect(await run("purge", "--force", "-Q", "slow,mail")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/slow +1\nmail +0\n$/),
    });
    expect(await run("purge", "-f", "mail", "-X", "mail")).toMatchObject({ code: 2, stderr: expect.stringContaining("no queue is left") });
  });
});
