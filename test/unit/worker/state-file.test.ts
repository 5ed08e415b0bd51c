/** The file in which a worker keeps what is revoked. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import { nodePath } from "../../../packages/worker/src/options.ts";
import { Revoked } from "../../../packages/worker/src/revoked.ts";
import { openStateFile } from "../../../packages/worker/src/state-file.ts";
import { eventually } from "../../support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { temporaryDirectory } from "../../support/private-process.ts";

function folder(): string {
  const { path, remove } = temporaryDirectory("state");
  onTestFinished(remove);
  return path;
}

/** One life of a worker, as far as the file sees it. */
async function opened(file: string, clock: FakeClock = createFakeClock()) {
  const revoked = new Revoked({ max: 100, expiresMs: 10_000 }, clock);
  const logged: { readonly message: string; readonly fields: object }[] = [];
  const line = (message: string, fields: object = {}) => void logged.push({ message, fields });
  const state = await openStateFile(file, { revoked, clock, logger: { debug: line, info: line, warn: line, error: line } });
  return { clock, revoked, state, logged };
}

const found = (revoked: Revoked, id: string) => revoked.reasonFor({ id, stamps: null });

describe("a state file", () => {
  it("brings back ids with their reasons, and stamps, each as old as it is", async () => {
    const file = join(folder(), "worker.state");
    const first = await opened(file);
    first.revoked.addIds(["older"], "user left");
    await first.clock.advance(6_000);
    first.revoked.addIds(["newer"]);
    first.revoked.addStamps({ customer: ["acme"] });
    await first.state.close();
    const clock = createFakeClock(first.clock.now() + 3_000);
    const { revoked } = await opened(file, clock);
    expect([found(revoked, "older"), found(revoked, "newer")]).toEqual(["user left", "revoked"]);
    expect(revoked.reasonFor({ id: "x", stamps: { customer: ["acme"] } })).toBe("revoked");
    await clock.advance(1_000);
    expect([found(revoked, "older"), revoked.ids]).toEqual([null, ["newer"]]);
  });

  it("is written at most once a second, as a whole, and not at all while nothing changes", async () => {
    const file = join(folder(), "worker.state");
    const { clock, revoked, state } = await opened(file);
    const ids = () => (JSON.parse(readFileSync(file, "utf8")) as { revoked: [string][] }).revoked.map(([id]) => id);
    expect([ids(), clock.pending]).toEqual([[], 0]);
    revoked.addIds(["a"]);
    revoked.addIds(["b"]);
    expect([ids(), clock.pending]).toEqual([[], 1]);
    clock.step(1_000);
    await eventually(() => expect(ids()).toEqual(["a", "b"]));
    revoked.addIds(["c"]);
    await state.close();
    expect([ids(), clock.pending]).toEqual([["a", "b", "c"], 0]);
  });

  it.each([
    ["cut off", '{"format":"celeriac-worker-state-1","revoked":[["a"'],
    ["something else's", "\x00\x01GDBM"],
    ["of another shape", '{"format":"celeriac-worker-state-1","revoked":[["a",1,2]],"stamps":[]}'],
    ["of another version", '{"format":"celeriac-worker-state-9","revoked":[],"stamps":[]}'],
  ])("that is %s is set aside, with a warning, and a new one begun", async (_what, text) => {
    const path = folder();
    const file = join(path, "worker.state");
    writeFileSync(file, text);
    const { logged, revoked } = await opened(file);
    expect(revoked.ids).toEqual([]);
    const aside = readdirSync(path).filter((name) => name.endsWith(".broken"));
    expect(aside.map((name) => readFileSync(join(path, name), "utf8"))).toEqual([text]);
    expect(logged).toMatchObject([
      { message: expect.stringContaining("set aside"), fields: { file, setAside: join(path, aside[0] ?? "") } },
    ]);
  });

  it("that cannot be written is an error at the start", async () => {
    const path = folder();
    mkdirSync(join(path, "taken"));
    for (const file of [join(path, "none", "worker.state"), join(path, "taken")])
      await expect(opened(file)).rejects.toMatchObject({ code: "WORKER_STATE_FILE", message: expect.stringContaining(file) });
  });

  it("that cannot be written any more is told once, and written when it can be", async () => {
    const path = join(folder(), "state");
    mkdirSync(path);
    const file = join(path, "worker.state");
    const { clock, revoked, logged } = await opened(file);
    rmSync(path, { recursive: true });
    revoked.addIds(["a"]);
    clock.step(1_000);
    await eventually(() => expect(logged).toMatchObject([{ message: expect.stringContaining("could not be written"), fields: { file } }]));
    await eventually(() => clock.pending === 1);
    mkdirSync(path);
    clock.step(1_000);
    await eventually(() => expect(readFileSync(file, "utf8")).toContain('"a"'));
  });

  it("is named after its worker", () => {
    expect(nodePath("/var/run/%n.%h.%d.100%%", "mail@web1.example.org")).toBe("/var/run/mail.web1.example.org.example.org.100%");
  });
});

it("a worker knows what was revoked before it started", async () => {
  const file = join(folder(), "worker.state");
  const before = await opened(file, createFakeClock(Date.now()));
  before.revoked.addIds(["unwanted"], "user left");
  await before.state.close();
  const app = createApp("state", { broker: "memory://state", config: { workerStateDb: file } });
  const task = app.task("t", () => 1);
  await using worker = createWorker(app, { pool: "inline", hostname: "w1@host" });
  await worker.start();
  const unwanted = await task.applyAsync([], { taskId: "unwanted" });
  expect(await unwanted.settled()).toMatchObject({ state: "REVOKED", error: { code: "TASK_REVOKED", reason: "user left" } });
  expect(await task.delay().get()).toBe(1);
  await app.close();
});
