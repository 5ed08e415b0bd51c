/** What becomes of a history when its process is killed, its file damaged, locked or not to be had, and when too much is heard. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentRules, silentLogger } from "../../packages/core/src/runtime.ts";
import type { History, TaskQuery } from "../../packages/flower/src/server/history/history.ts";
import { type HistoryOptions, openHistory } from "../../packages/flower/src/server/history/open-history.ts";
import { programPath } from "../support/built.ts";
import { heard, success, taskEvent, workerEvent } from "../support/heard.ts";

const content = contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 });
const newest: TaskQuery = { sort: "timestamp", descending: true, limit: 50, from: 0 };
const now = Date.now() / 1_000 - 60;

describe("a history", () => {
  let folder: string;
  let path: string;
  const opened: History[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "celeriac-history-"));
    path = join(folder, "flower.sqlite");
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((history) => history.close()));
    await rm(folder, { recursive: true, force: true });
  });

  async function openOne(options: Partial<HistoryOptions> = {}): Promise<History> {
    const history = await openHistory({ db: path, content, logger: silentLogger, ...options });
    opened.push(history);
    return history;
  }
  const uuids = async (history: History) => (await history.tasks(newest)).tasks.map(({ uuid }) => uuid);

  it("has all that it had written when its process was killed", async () => {
    const child = spawn(process.execPath, [programPath("flower/history"), path], { stdio: ["ignore", "pipe", "inherit"] });
    let written = "";
    for await (const chunk of child.stdout) {
      written += String(chunk);
      if (written.split("\n").length > 5) child.kill("SIGKILL");
    }
    const last = Number(written.trimEnd().split("\n").at(-1));
    expect(last).toBeGreaterThan(200);
    const history = await openOne();
    const { tasks, events, trouble, setAside } = await history.facts();
    expect([tasks > last, events, trouble, setAside]).toEqual([true, 2 * tasks, null, null]);
    expect(await history.count({ states: ["SUCCESS"] }, 1_000_000)).toEqual({ count: tasks, exact: true });
    expect(await history.task(`t${last}`)).toMatchObject({ state: "SUCCESS", result: String(last) });
  });

  it("begins anew beside a file that is none of its own", async () => {
    await writeFile(path, "This is no database. ".repeat(1_000));
    const history = await openOne();
    const { setAside, trouble } = await history.facts();
    expect(setAside).toMatch(/flower\.sqlite\.damaged-2/);
    expect([existsSync(setAside!), trouble]).toEqual([true, null]);
    history.hear(heard(...success("t1", now)));
    await history.settled();
    expect(await uuids(history)).toEqual(["t1"]);
  });

  it("begins anew when its file is damaged while it runs, and loses nothing that comes then", async () => {
    const history = await openOne();
    for (let n = 0; n < 200; n += 1) history.hear(heard(...success(`old${n}`, now, { args: `('${"x".repeat(500)}',)` })));
    await history.settled();
    const file = await open(path, "r+");
    const { size } = await file.stat();
    // All but the first page, which says that it is a database, and what is still in the log alone.
    new Database(path).prepare("pragma wal_checkpoint(truncate)").raw(true).all([]);
    await file.write(Buffer.alloc(Math.max(size, 200_000), 7), 0, undefined, 4_096);
    await file.close();
    for (let n = 0; n < 200; n += 1) history.hear(heard(...success(`new${n}`, now + n)));
    await history.settled();
    await expect.poll(async () => (await history.facts()).setAside).toMatch(/damaged/);
    await expect.poll(() => history.count({}).catch(() => null)).toEqual({ count: 200, exact: true });
    expect((await uuids(history))[0]).toBe("new199");
    expect(await readdir(folder)).toEqual(expect.arrayContaining([expect.stringContaining("damaged"), "flower.sqlite"]));
  });

  it("is in memory where no file can be had, and says why", async () => {
    const history = await openOne({ db: join(folder, "missing", "flower.sqlite") });
    expect((await history.facts()).trouble).toMatch(/kept in memory only: .*missing/);
    history.hear(heard(...success("t1", now)));
    await history.settled();
    expect(await uuids(history)).toEqual(["t1"]);
  });

  it("leaves the file of a newer version alone", async () => {
    await (await openOne()).close();
    const database = new Database(path);
    database.exec("pragma user_version = 99");
    database.close();
    const history = await openOne();
    expect((await history.facts()).trouble).toMatch(/has layout 99, this version of Celeriac knows up to \d+: update Celeriac/);
    expect(await readdir(folder)).not.toContainEqual(expect.stringContaining("damaged"));
  });

  it("answers while another process holds the file's lock, and writes when it can", async () => {
    const history = await openOne();
    history.hear(heard(...success("before", now)));
    await history.settled();
    const other = new Database(path);
    other.exec("begin immediate");
    history.hear(heard(...success("meanwhile", now + 1)));
    await expect.poll(async () => (await history.facts()).behind).toBe(4);
    expect(await uuids(history)).toEqual(["before"]);
    other.exec("rollback");
    other.close();
    await history.settled();
    expect(await uuids(history)).toEqual(["meanwhile", "before"]);
  });

  it("loses no end of a task when more is heard than it can write", async () => {
    const history = await openOne({ limits: { queued: 1_000 } });
    const other = new Database(path);
    other.exec("begin immediate");
    for (let n = 0; n < 3_000; n += 1) history.hear(heard(...success(`t${n}`, now), workerEvent("heartbeat", "w1@box", now)));
    // Asked for after all of them, so they have been heard.
    const { dropped, behind } = await history.facts();
    expect(dropped).toBeGreaterThan(11_000);
    expect(behind).toBe(15_000 - dropped);
    other.exec("rollback");
    other.close();
    await history.settled();
    expect(await history.count({ states: ["SUCCESS"] })).toEqual({ count: 3_000, exact: true });
    history.hear(heard(taskEvent("received", "t3000", now)));
    await history.settled();
    expect((await history.facts()).tasks).toBe(3_001);
  });
});
