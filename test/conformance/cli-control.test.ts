/** `celeriac status`, `inspect` and `control` against a worker in this process, on the embedded broker. */
import { join } from "node:path";
import { type App, createApp } from "@celeriac/core";
import { createWorker, type Worker } from "@celeriac/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { celeriac } from "../support/celeriac-command.ts";
import { projectFolder } from "../support/project-folder.ts";

const hostname = "w1@shop";
const patience = ["-d", hostname, "-t", "20s"];
let folder: ReturnType<typeof projectFolder>;
let app: App;
let worker: Worker;
let release: () => void = () => {};

beforeAll(async () => {
  folder = projectFolder("cli-control");
  app = createApp("shop", { broker: `sqlite://${join(folder.path, "celeriac.db")}` });
  app.task("shop.wait", (_order: number) => {
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  app.command("restock", { doc: "Fills a shelf.", args: { shelf: { kind: "text", doc: "Which.", required: true } } }, (_, { shelf }) => ({
    ok: `filled ${String(shelf)}`,
  }));
  worker = createWorker(app, { pool: "inline", concurrency: 1, hostname });
  await worker.start();
});
afterAll(async () => {
  release();
  await worker?.stop();
  await app?.close();
  folder?.remove();
});

const run = (...words: string[]) => celeriac(folder.path, ["-b", `sqlite://${join(folder.path, "celeriac.db")}`, ...words]);

describe("celeriac status", () => {
  it("lists who answers, and ends with 69 where nobody does", async () => {
    const [there, nobody] = await Promise.all([run("status", ...patience), run("-q", "status", "-d", "nobody@shop", "-t", "200ms")]);
    expect(there).toEqual({ code: 0, stdout: `${hostname} pong\n`, stderr: "1 worker answered.\n" });
    expect(nobody).toEqual({ code: 69, stdout: "", stderr: "" });
  });
});

describe("celeriac inspect", () => {
  it("shows what runs, for people and for programs", async () => {
    const { id } = await app.sendTask("shop.wait", [42]);
    await expect.poll(() => app.control.inspect("active", { limit: 1 }), { timeout: 20_000 }).toMatchObject({ [hostname]: [{ id }] });
    const [people, programs] = await Promise.all([
      run("inspect", "active", ...patience),
      run("--json", "inspect", "query_task", id, ...patience),
    ]);
    expect(people.stdout).toMatch(new RegExp(`^${hostname}\n  ID .*\n  ${id.slice(0, 8)}`));
    expect(JSON.parse(programs.stdout)).toMatchObject({ [hostname]: { [id]: ["active", { name: "shop.wait", args: "(42,)" }] } });
    release();
  });
});

describe("celeriac control", () => {
  it("changes a worker, and ends with 1 where it refuses", async () => {
    const [done, refused] = await Promise.all([
      run("control", "revoke", "unwanted", ...patience),
      run("control", "autoscale", "4", "1", ...patience),
    ]);
    expect(done).toMatchObject({ code: 0, stdout: `${hostname} tasks unwanted flagged as revoked\n` });
    expect(refused).toMatchObject({ code: 1, stdout: `${hostname} error ValueError('Autoscale not enabled')\n` });
  });

  it("sends what only the worker knows where it is told to, and lists and corrects the rest", async () => {
    const [custom, unknown, list] = await Promise.all([
      run("control", "--any", "restock", "shelf=top", ...patience),
      run("control", "revok", "one"),
      run("control", "--list"),
    ]);
    expect(custom).toMatchObject({ code: 0, stdout: `${hostname} filled top\n` });
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/CONTROL_UNKNOWN: .*did you mean revoke\?/) });
    expect(list.stdout).toMatch(/^pool_grow \[N\] /m);
    expect(list.stdout).not.toMatch(/^ping/m);
  });
});
