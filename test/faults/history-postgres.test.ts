/** What becomes of a history on PostgreSQL when one of two monitors is killed, the database is away, or newer than this code. */
import { spawn } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentRules, silentLogger } from "../../packages/core/src/runtime.ts";
import type { Change, History, TaskQuery } from "../../packages/flower/src/server/history/history.ts";
import { openHistory } from "../../packages/flower/src/server/history/open-history.ts";
import { programPath } from "../support/built.ts";
import { heard, success, taskEvent, workerEvent } from "../support/heard.ts";
import { freshPostgresSchema, postgresRows } from "../support/postgres-client.ts";
import { postgresUrl } from "../support/servers.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const content = contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 });
const newest: TaskQuery = { sort: "timestamp", descending: true, limit: 50, from: 0 };
const now = Date.now() / 1_000 - 60;

describe("a history on PostgreSQL", () => {
  const database = postgresUrl();
  let db: string;
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    db = await freshPostgresSchema(await database);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function openOne(at = db): Promise<History> {
    const history = await openHistory({ db: at, content, logger: silentLogger });
    closing.push(() => history.close());
    return history;
  }
  /** The database behind a proxy that can be taken away. */
  async function proxied(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
    const url = new URL(db.replace(/^db\+/, ""));
    const proxy = await startTcpProxy(Number(url.port));
    closing.push(() => proxy.close());
    return { proxy, url: Object.assign(url, { port: String(proxy.port) }).href };
  }
  const uuids = async (history: History) => (await history.tasks(newest)).tasks.map(({ uuid }) => uuid);

  it("loses and doubles nothing of what two monitors hear, one of which is killed meanwhile", async () => {
    const survivor = await openOne();
    const child = spawn(process.execPath, [programPath("flower/history"), db, String(now)], { stdio: ["ignore", "pipe", "inherit"] });
    let written = "";
    let told = 0;
    /** As the other one hears them, so many further. */
    const tell = (until: number) => {
      for (; told < until; told += 1) {
        const task = { uuid: `t${told}`, hostname: "w1@box", timestamp: now + told / 1_000 };
        survivor.hear(
          heard(
            { ...task, type: "task-received", clock: 2 * told, name: "tasks.add", args: `(${told},)` },
            { ...task, type: "task-succeeded", clock: 2 * told + 1, result: String(told), runtime: 0.1 },
          ),
        );
      }
    };
    for await (const chunk of child.stdout) {
      written += String(chunk);
      const lines = written.trimEnd().split("\n").length;
      // Behind the other one at first, ahead of it at the end.
      tell(lines * 40);
      if (lines > 5) child.kill("SIGKILL");
    }
    const last = Number(written.trimEnd().split("\n").at(-1));
    expect(last).toBeGreaterThan(200);
    tell(last + 200);
    await survivor.settled();
    const { tasks, events, trouble } = await survivor.facts();
    // Of what it had not yet written when it was killed, some may be there all the same.
    expect(tasks).toBeGreaterThanOrEqual(told);
    tell(tasks);
    await survivor.settled();
    expect([events, trouble]).toEqual([2 * tasks, null]);
    expect(await survivor.count({ states: ["SUCCESS"] }, 1_000_000)).toEqual({ count: tasks, exact: true });
    expect(await survivor.types({ from: now - 60, to: now + 600 })).toMatchObject([{ received: tasks, succeeded: tasks, failed: 0 }]);
    expect((await survivor.workers())[0]!.counts).toEqual({ "task-received": tasks, "task-succeeded": tasks });
  });

  it("waits for a database that goes away, tells of it, and then writes all that was heard", async () => {
    const { proxy, url } = await proxied();
    const history = await openOne(url);
    history.hear(heard(...success("before", now)));
    await history.settled();
    expect((await history.facts()).tasks).toBe(1);
    proxy.refuse();
    history.hear(heard(...success("meanwhile", now + 1)));
    await expect
      .poll(async () => (await history.facts()).trouble, { timeout: 10_000 })
      .toMatch(/127\.0\.0\.1:\d+\/place_\w+ is not reachable/);
    expect(await history.facts()).toMatchObject({ tasks: 1, behind: 4, dropped: 0 });
    await expect(history.tasks(newest)).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
    proxy.accept();
    await history.settled();
    expect(await uuids(history)).toEqual(["meanwhile", "before"]);
    expect((await history.facts()).trouble).toBeNull();
  });

  it("begins without a database, and writes when it is there", async () => {
    const { proxy, url } = await proxied();
    proxy.refuse();
    const history = await openOne(url);
    history.hear(heard(...success("early", now)));
    await expect.poll(async () => (await history.facts()).trouble).toMatch(/is not reachable/);
    proxy.accept();
    await history.settled();
    expect(await uuids(history)).toEqual(["early"]);
  });

  it("leaves the tables of a newer version alone, and says so", async () => {
    await (await openOne()).close();
    await postgresRows(db, "update celeriac_history_schema set version = 99");
    const history = await openOne();
    expect((await history.facts()).trouble).toMatch(/has layout 99, this version of Celeriac knows up to \d+: update Celeriac/);
    await postgresRows(db, "update celeriac_history_schema set version = 1");
  });

  it("refuses a URL that names no database", async () => {
    await expect(openOne("postgresql:nowhere")).rejects.toMatchObject({ code: "CONFIG_URL" });
  });

  it("tells who follows it what another one has written", async () => {
    const [one, other] = [await openOne(), await openOne()];
    const changes: Change[] = [];
    const end = one.follow((change) => changes.push(change));
    closing.push(async () => end());
    // Until it looks, nothing is new to it.
    await expect
      .poll(async () => {
        other.hear(heard(workerEvent("heartbeat", "w9@box", Date.now() / 1_000)));
        await other.settled();
        return changes.flatMap(({ workers }) => workers).at(-1)?.hostname;
      })
      .toBe("w9@box");
    other.hear(heard(taskEvent("started", "theirs", now, { name: "tasks.add" })));
    await expect.poll(() => changes.flatMap(({ tasks }) => tasks).at(-1)).toMatchObject({ uuid: "theirs", state: "STARTED" });
    await other.amend("theirs", { lostAt: now });
    await expect.poll(() => changes.flatMap(({ tasks }) => tasks).at(-1)).toMatchObject({ uuid: "theirs", lostAt: now });
    expect(changes.flatMap(({ counted }) => counted)).toEqual([]);
  });
});
