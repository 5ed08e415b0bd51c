/** The commands of DAGs, with their store beside the embedded broker. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { projectFolder } from "../support/project-folder.ts";

// Several commands at a time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const tasks = `
import { existsSync } from "node:fs";
import { createApp } from "celeriac";
import { dag, each } from "celeriac/dag";
export const app = createApp("shop");
const price = app.task("shop.price", (pieces) => pieces * 3);
dag(app, "etl", {}, (d) => {
  const total = d.task("total", (_run, prices) => prices.reduce((sum, each) => sum + each, 0));
  total(d.task(price).expand(each(d.task("extract", (run) => run.params.pieces ?? [])())));
});
dag(app, "month", { schedule: "@daily", startAt: new Date("2026-01-01") }, (d) => {
  d.task("one", (run) => run.logicalDate.toISOString())();
});
dag(app, "daily", { schedule: "@daily", timetable: "interval", startAt: new Date("2999-01-01") }, (d) => {
  d.task("about", (run) => { throw run.fail(run.intervalStart.toISOString() + " to " + run.intervalEnd.toISOString()); })();
});
dag(app, "asks", {}, (d) => {
  d.task("asks", async (run) => {
    run.log.info((await run.connection("warehouse")).password);
    console.log("printed " + (await run.connection("warehouse")).password);
    if ((await run.variable("limits", { json: true })).rows !== 3) throw new Error("not mine");
  })();
});
dag(app, "pooled", {}, (d) => void d.task("waits", { pool: "gpu" }, () => 1)());
dag(app, "breaks", {}, (d) => {
  const first = d.task("first", () => { if (!existsSync("mended")) throw new Error("not yet"); return 1; });
  d.task("second", (_run, one) => one)(first());
});
`;

/** The line of a log in JSON that has this message. */
function lineOf(log: string, message: string): unknown {
  const lines = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly msg: string });
  return lines.find(({ msg }) => msg === message);
}

beside("celeriac dag", () => {
  let folder: ReturnType<typeof projectFolder>;
  const run = (...words: string[]) => celeriac(folder.path, words);
  const json = async (...words: string[]) => JSON.parse((await run("--json", ...words)).stdout) as Record<string, unknown>;
  const states = async (dag: string, id: string) =>
    ((await json("dag", "states", dag, id))["instances"] as { task: string; mapIndex: number; state: string }[]).map(
      ({ task, mapIndex, state }) => `${task}${mapIndex < 0 ? "" : `[${mapIndex}]`} ${state}`,
    );
  beforeAll(async () => {
    folder = projectFolder("cli-dag", { "tasks.js": tasks });
    // What commands do to the store is there before a scheduler runs for the first time.
    await run("dag", "pause", "month");
    await run("dag", "trigger", "etl", "--run-id", "first", "-p", '{"pieces": [1, 2]}');
    await run("dag", "trigger", "breaks", "--run-id", "broken");
    await run("dag", "trigger", "daily", "--run-id", "asked", "--logical-date", "2026-03-05T12:00:00Z");
  });
  afterAll(() => folder?.remove());

  it("runs what was asked for, and what is cleared, and ends when there is nothing to do", async () => {
    const { code, stdout } = await run("dag", "scheduler", "--until-idle");
    expect([code, stdout]).toEqual([0, expect.stringContaining("a run has ended")]);
    expect(await states("etl", "first")).toEqual(["extract success", "price[0] success", "price[1] success", "total success"]);
    expect(await states("breaks", "broken")).toEqual(["first failed", "second upstream_failed"]);
    expect((await run("dag", "states", "breaks", "broken")).stdout).toContain("not yet");
    // Its timetable says what a run by hand is about.
    expect((await run("dag", "states", "daily", "asked")).stdout).toContain("2026-03-04T00:00:00.000Z to 2026-03-05T00:00:00.000Z");
    writeFileSync(join(folder.path, "mended"), "");
    expect(await json("dag", "clear", "breaks", "broken", "--only-failed")).toMatchObject({
      instances: [{ task: "first" }, { task: "second" }],
    });
    await run("dag", "scheduler", "--until-idle", "--executor", "sequential");
    expect(await states("breaks", "broken")).toEqual(["first success", "second success"]);
    const listed = (await json("dag", "list"))["dags"] as { dag: string; paused: boolean; lastRun: { state: string } | null }[];
    expect(listed.map(({ dag, paused, lastRun }) => [dag, paused, lastRun?.state ?? null])).toEqual([
      ["asks", false, null],
      ["breaks", false, "success"],
      ["daily", false, "failed"],
      ["etl", false, "success"],
      ["month", true, null],
      ["pooled", false, null],
    ]);
  });

  it("makes the runs of past dates", async () => {
    const { runs } = await json("dag", "backfill", "month", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-03T00:00:00Z");
    expect((runs as { logicalDate: string; outcome: string }[]).map(({ logicalDate, outcome }) => [logicalDate, outcome])).toEqual(
      ["01", "02", "03"].map((day) => [`2026-01-${day}T00:00:00Z`, "created"]),
    );
    expect((await json("dag", "list", "month"))["runs"]).toHaveLength(3);
  });

  it("tries a DAG without keeping anything, and tells by its exit code how it went", async () => {
    const { code, stdout } = await run("dag", "test", "etl", "-p", '{"pieces": [5]}');
    expect([code, stdout]).toEqual([0, expect.stringContaining("etl success")]);
    expect((await run("dag", "test", "nothing")).stderr).toContain("DAG_UNKNOWN");
    expect((await run("dag", "states", "etl", "nothing")).stderr).toContain("DAG_RUN_UNKNOWN");
    expect((await run("dag", "mark", "etl", "first", "sideways")).code).toBe(2);
  });

  it("takes over an Airflow's connections and variables, which tasks are given, and lists none of their secrets", async () => {
    const connections = { warehouse: { conn_type: "postgres", host: "h", password: "import-pw", extra: '{"token": "import-token"}' } };
    writeFileSync(join(folder.path, "connections.json"), JSON.stringify(connections));
    writeFileSync(join(folder.path, "variables.json"), '{"api_key": "import-key", "limits": {"rows": 3}}');
    expect(await json("dag", "import", "connections.json")).toMatchObject({ kind: "connections", added: ["warehouse"] });
    expect(await json("dag", "import", "variables.json")).toMatchObject({ kind: "variables", added: ["api_key", "limits"] });
    const listed = [await run("dag", "connections"), await run("dag", "variables", "list")].map(({ stdout }) => stdout).join("");
    expect(listed).toMatch(/warehouse +postgres +h +\*{8} +{"token":"\*{8}"}.*api_key +\*{8}.*limits +{"rows":3}/s);
    expect(listed).not.toMatch(/import-(?:pw|token|key)/);
    expect(JSON.parse((await run("dag", "connections", "get", "warehouse")).stdout)).toMatchObject({ password: "import-pw" });
    expect((await run("dag", "variables", "get", "api_key")).stdout).toBe("import-key\n");
    const { stdout } = await run("dag", "test", "asks");
    expect(stdout).toMatch(/printed \*{8}\n.*asks success/s);
    await run("dag", "trigger", "asks", "--run-id", "asked");
    const log = (await run("dag", "scheduler", "--until-idle")).stdout;
    expect(await states("asks", "asked")).toEqual(["asks success"]);
    expect(log).toContain('"********"');
    // By a child process, and by the scheduler's own.
    expect(lineOf(log, "printed ********")).toMatchObject({
      level: "info",
      stream: "stdout",
      dagId: "asks",
      runId: "asked",
      taskId: "asks",
    });
    await run("dag", "clear", "asks", "asked");
    const own = (await run("dag", "scheduler", "--until-idle", "--executor", "sequential")).stdout;
    expect(own).toContain("printed ********\n");
    expect(stdout + log + own).not.toMatch(/import-pw/);
  });

  it("keeps a connection and a variable that somebody sets, and says what is wrong with others", async () => {
    await run("dag", "connections", "set", "mine", "http://user:set-pw@h");
    await run("dag", "variables", "set", "region", "eu");
    expect(await json("dag", "connections", "get", "mine")).toMatchObject({ conn_type: "http", login: "user", password: "set-pw" });
    expect(await json("dag", "variables", "get", "region")).toEqual({ variable: "region", value: "eu" });
    await celeriac(folder.path, ["dag", "connections", "set", "mine"], {}, '{"conn_type": "http", "password": "piped"}\n');
    expect(await json("dag", "connections", "get", "mine")).toMatchObject({ login: null, password: "piped" });
    expect((await run("dag", "connections", "remove", "mine")).code).toBe(0);
    expect((await run("dag", "variables", "remove", "region")).code).toBe(0);
    expect((await run("dag", "connections", "remove", "mine")).stderr).toContain("DAG_CONNECTION_MISSING");
    expect((await run("dag", "variables", "get", "region")).stderr).toContain("AIRFLOW_VAR_REGION");
    const wrong = await run("dag", "connections", "set", "mine", "set-pw");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/DAG_CONNECTION_INVALID(?!.*set-pw)/s)]);
    expect((await run("dag", "import", "nowhere.json")).stderr).toContain("DAG_IMPORT");
    for (const words of [["sideways"], ["get"], ["list", "x"], ["set", "a b", "http://h"]])
      expect((await run("dag", "connections", ...words)).code).toBe(2);
  });

  it("encrypts what the store keeps with a key, and goes over to another one", async () => {
    const keys = [1, 2].map((fill) => `${Buffer.alloc(32, fill).toString("base64url")}=`);
    const under = (key: string, ...words: string[]) => celeriac(folder.path, ["dag", ...words], { CELERIAC_DAG_FERNET_KEY: key });
    await under(keys[0]!, "connections", "set", "sealed", "http://:sealed-pw@h");
    const refused = await run("dag", "connections", "get", "sealed");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("DAG_FERNET_KEY")]);
    expect((await under(keys.toReversed().join(","), "rotate-fernet-key")).stdout).toContain("encrypted with the first key");
    expect((await under(keys[1]!, "connections", "get", "sealed")).stdout).toContain("sealed-pw");
    expect((await under("nonsense", "connections")).stderr).toContain("CONFIG_INVALID");
    await run("dag", "connections", "remove", "sealed");
  });

  it("makes a pool that tasks wait for, says so meanwhile, and removes it", async () => {
    await run("dag", "trigger", "pooled", "--run-id", "one");
    const waiting = celeriac(folder.path, ["dag", "scheduler", "--executor", "sequential", "--until-idle"], {
      CELERIAC_DAG_SCHEDULER_HEARTBEAT_SEC: "100ms",
    });
    await expect
      .poll(async () => (await run("dag", "states", "pooled", "one")).stdout, { timeout: 30_000 })
      .toContain("there is no pool gpu");
    expect((await run("dag", "pools", "set", "gpu", "2", "--include-deferred")).code).toBe(0);
    expect((await waiting).code).toBe(0);
    expect((await json("dag", "states", "pooled", "one"))["instances"]).toMatchObject([{ state: "success", reason: null }]);
    expect((await run("dag", "pools")).stdout).toMatch(/default_pool +128 +0 +no\ngpu +2 +0 +yes/);
    expect((await run("dag", "pools", "remove", "gpu")).code).toBe(0);
    expect((await json("dag", "pools"))["pools"]).toEqual([{ name: "default_pool", slots: 128, includeDeferred: false, used: 0 }]);
    for (const name of ["gpu", "default_pool"]) expect((await run("dag", "pools", "remove", name)).stderr).toContain("DAG_POOL_MISSING");
    for (const words of [["sideways"], ["set", "gpu"], ["set", "gpu", "-1"], ["remove"], ["list", "x"]])
      expect((await run("dag", "pools", ...words)).code).toBe(2);
  });

  it("marks a run, and says so", async () => {
    await run("dag", "trigger", "etl", "--run-id", "given-up");
    expect((await run("dag", "mark", "etl", "given-up", "failed")).code).toBe(0);
    expect((await json("dag", "list", "etl"))["runs"]).toMatchObject([{ run: "given-up", state: "failed" }, { run: "first" }]);
  });

  it("forgets runs that ended, but not the last", async () => {
    for (const id of ["older", "newer"]) {
      await run("dag", "trigger", "etl", "--run-id", id);
      await run("dag", "mark", "etl", id, "success");
    }
    expect((await run("dag", "clean")).code).toBe(2);
    expect((await run("dag", "clean", "--keep", "1d")).stdout).toMatch(/^No run ended before 20\S+Z that could go/);
    expect(Number((await json("dag", "clean", "--keep", "0"))["removed"])).toBeGreaterThan(0);
    expect((await json("dag", "list", "etl"))["runs"]).toMatchObject([{ run: "newer", state: "success" }]);
  });

  it("ends its scheduler by Ctrl-C", async () => {
    const scheduler = startCeleriac(folder.path, ["dag", "scheduler"]);
    await scheduler.wrote(/the scheduler runs/, 60_000);
    process.kill(scheduler.pid, "SIGINT");
    expect(await scheduler.ended).toBe(0);
  });
});

beside("celeriac dag init", () => {
  it("writes a first DAG that runs, and never over a file", async () => {
    const folder = projectFolder("dag-init", {});
    try {
      const { code, stdout } = await celeriac(folder.path, ["dag", "init"]);
      expect([code, stdout]).toEqual([0, expect.stringContaining("./dags.ts is written")]);
      expect(existsSync(join(folder.path, "celeriac.db-dags"))).toBe(true);
      expect((await celeriac(folder.path, ["-A", "./dags.ts", "dag", "test", "hello"])).code).toBe(0);
      const written = readFileSync(join(folder.path, "dags.ts"), "utf8");
      expect((await celeriac(folder.path, ["dag", "init"])).stderr).toContain("is there already");
      expect(readFileSync(join(folder.path, "dags.ts"), "utf8")).toBe(written);
    } finally {
      folder.remove();
    }
  });
});

const controlled = `
import { createApp } from "celeriac";
import { dagsFromTables } from "celeriac/dag";
export const app = createApp("control");
dagsFromTables(app, { url: "sqlite://./control.db", scripts: new URL("./processes/", import.meta.url) });
`;

beside("celeriac dag tables", () => {
  it("makes tables, adds processes to them, and tells what is wrong", async () => {
    const folder = projectFolder("dag-tables", { "tasks.js": controlled });
    const run = (...words: string[]) => celeriac(folder.path, words);
    const add = (...words: string[]) => run("dag", "tables", "add-process", ...words);
    const sql = (statement: string) => {
      const database = new Database(join(folder.path, "control.db"));
      database.exec(statement);
      database.close();
    };
    try {
      expect((await run("dag", "list")).stderr).toContain("DAG_TABLES_MISSING");
      expect((await run("dag", "tables", "init", "--print", "--prefix", "etl_")).stdout).toMatch(
        /^create table if not exists etl_stream \(/,
      );
      expect(existsSync(join(folder.path, "control.db"))).toBe(false);
      expect((await run("dag", "tables", "init")).code).toBe(0);
      sql("insert into control_stream (name) values ('sales')");

      expect((await add("extract", "--script", "extract.js", "--group", "eu")).stdout).toContain("extract.js is written");
      expect((await add("load", "--script", "load.ts", "--group", "eu", "--depends", "extract")).code).toBe(0);
      expect((await add("load", "--script", "load.ts")).stderr).toContain("DAG_DUPLICATE");
      const wrong = await add("tell", "--script", "tell.js", "--depends", "laod");
      expect(wrong.stderr).toContain(
        'DAG_ROW: The stream sales would be wrong then: dependency (stream "sales", process "tell", depends_on "laod")',
      );
      expect(existsSync(join(folder.path, "processes/tell.js"))).toBe(false);
      expect((await add("tell", "--script", "../tell.js")).stderr).toContain("outside of the folder");
      expect((await add("tell", "--script", "tell.js", "--stream", "sale")).stderr).toContain('did you mean "sales"?');

      expect((await run("dag", "tables", "check")).stdout).toContain("1 stream, and nothing wrong.");
      expect((await run("dag", "test", "sales")).stdout).toContain("sales success");
      await run("dag", "trigger", "sales", "--run-id", "by-hand");
      expect((await run("dag", "scheduler", "--until-idle")).code).toBe(0);
      const { instances } = JSON.parse((await run("--json", "dag", "states", "sales", "by-hand")).stdout) as {
        instances: { task: string; state: string }[];
      };
      expect(instances.map(({ task, state }) => [task, state])).toEqual([
        ["eu.extract", "success"],
        ["eu.load", "success"],
      ]);

      sql("insert into control_dependency (stream, process, depends_on) values ('sales', 'extract', 'load')");
      const checked = await run("--json", "dag", "tables", "check");
      expect([checked.code, JSON.parse(checked.stdout)]).toMatchObject([
        1,
        { problems: [{ table: "dependency", key: { process: "extract" }, message: expect.stringContaining("extract → load → extract") }] },
      ]);
    } finally {
      folder.remove();
    }
  });
});
