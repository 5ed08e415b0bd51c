/** DAGs that are made of rows, in SQLite and in PostgreSQL. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dag, dagsFromTables } from "@celeriac/airflow-bridge/dag";
import { type App, createApp } from "@celeriac/core";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { dagsOf, findDag, liveDagsOf, refreshDags } from "../../packages/airflow-bridge/src/dag/registry.ts";
import { freshenDags } from "../../packages/airflow-bridge/src/dag/runner/freshen-dags.ts";
import { createDagService } from "../../packages/airflow-bridge/src/dag/scheduler/dag-service.ts";
import { createDagWatch } from "../../packages/airflow-bridge/src/dag/scheduler/dag-watch.ts";
import { memoryStore, openDagStore } from "../../packages/airflow-bridge/src/dag/store/open-store.ts";
import type { DagStore } from "../../packages/airflow-bridge/src/dag/store/store.ts";
import { addProcess } from "../../packages/airflow-bridge/src/dag/tables/add-process.ts";
import type { ControlTables } from "../../packages/airflow-bridge/src/dag/tables/control-tables.ts";
import { withControl } from "../../packages/airflow-bridge/src/dag/tables/open-control.ts";
import type { TableRow } from "../../packages/airflow-bridge/src/dag/tables/row.ts";
import { surroundingsOf, tableDagsOf } from "../../packages/airflow-bridge/src/dag/tables/table-dags.ts";
import { type Logger, runtimeOf, silentLogger, systemClock } from "../../packages/core/src/runtime.ts";
import { driverContext } from "../support/driver-context.ts";
import { freshPostgresSchema, postgresRows } from "../support/postgres-client.ts";
import { temporaryDirectory } from "../support/private-process.ts";
import { postgresUrl } from "../support/servers.ts";

const context = { ...driverContext(), durability: "process" } as const;

describe.each(["SQLite", "PostgreSQL"])("tables of DAGs in %s", (database) => {
  let folder: ReturnType<typeof temporaryDirectory>;
  let url: string;
  beforeEach(async () => {
    folder = temporaryDirectory("dag-tables");
    mkdirSync(join(folder.path, "processes"));
    url = database === "SQLite" ? `sqlite://${join(folder.path, "control.db")}` : await freshPostgresSchema(await postgresUrl());
    vi.stubEnv("CELERIAC_DAG_STORE_URL", `sqlite://${join(folder.path, "dags.db")}`);
  });
  afterEach(() => folder.remove());

  const tables = <T>(ask: (tables: ControlTables) => Promise<T>) =>
    withControl({ url, prefix: "control_" }, context, (control) => control.write(ask));
  const add = (table: Parameters<ControlTables["insert"]>[0], row: TableRow) => tables((all) => all.insert(table, row));

  /** As operators do it. */
  async function execute(statement: string): Promise<void> {
    if (database === "PostgreSQL") return void (await postgresRows(url, statement));
    const file = new Database(join(folder.path, "control.db"), { timeout: 5_000 });
    file.exec(statement);
    file.close();
  }

  function openApp(logger: Logger = silentLogger): App {
    const app = createApp("control", { broker: "memory://", logger });
    dagsFromTables(app, { url, scripts: pathToFileURL(join(folder.path, "processes/")) });
    onTestFinished(() => app.close());
    return app;
  }

  const script = (name: string, text: string) => writeFileSync(join(folder.path, "processes", name), text);
  const shape = (app: App) => Object.fromEntries([...dagsOf(app)].map(([id, { tasks }]) => [id, [...tasks.keys()]]));

  /** A log of which the messages are kept. */
  function listening(): { readonly logger: Logger; readonly said: string[] } {
    const said: string[] = [];
    const line = (message: string, fields?: object) => void said.push([message, ...Object.values(fields ?? {})].join(" | "));
    return { said, logger: { debug() {}, info: line, warn: line, error: line } };
  }

  const watch = (app: App, logger: Logger = silentLogger) => createDagWatch({ app, everyMs: 20, clock: systemClock, logger });

  const schedulerOf = (app: App) =>
    createDagService({
      app,
      runtime: runtimeOf(app)!,
      source: { moduleUrl: import.meta.url, appName: null },
      logger: silentLogger,
      settings: { executor: "sequential", tablesReadInterval: "50ms", schedulerIdleSleepTime: "20ms" },
    });

  it("are asked for where there are none, and made as often as one likes", async () => {
    const app = openApp();
    await expect(refreshDags(app, 0)).rejects.toMatchObject({
      code: "DAG_TABLES_MISSING",
      message: expect.stringContaining("tables init"),
    });
    await tables((all) => all.create());
    await tables((all) => all.create());
    await refreshDags(app, 0);
    expect(shape(app)).toEqual({});
  });

  it("keep the same DAG as long as its rows are the same, and are read again when something is unknown", async () => {
    await tables((all) => all.create());
    const app = openApp();
    dag(app, "code", {}, (d) => d.task("one", () => 1)());
    await add("stream", { name: "sales" });
    await add("process", { stream: "sales", name: "extract", kind: "bash", command: "true" });
    await refreshDags(app, 0);
    expect(shape(app)).toEqual({ code: ["one"], sales: ["extract"] });
    const before = dagsOf(app).get("sales");
    await refreshDags(app, 0);
    expect(dagsOf(app).get("sales")).toBe(before);

    await add("process", { stream: "sales", name: "load", kind: "bash", command: "true" });
    const place = { dagId: "sales", runId: "r", mapIndex: -1 };
    await freshenDags(app, [{ ...place, taskId: "extract" }], 60_000, silentLogger);
    expect(shape(app)["sales"]).toEqual(["extract"]);
    await freshenDags(app, [{ ...place, taskId: "load" }], 60_000, silentLogger);
    expect(shape(app)["sales"]).toEqual(["extract", "load"]);
  });

  it("let a stream whose rows are wrong go on as it was, in a process too that begins then, and tell it once", async () => {
    await tables((all) => all.create());
    for (const name of ["sales", "stock"]) {
      await add("stream", { name });
      await add("process", { stream: name, name: "extract", kind: "bash", command: "true" });
    }
    const { logger, said } = listening();
    const app = openApp();
    const watching = watch(app, logger);
    await watching.start();
    script("load.js", "export const run = () => 1;");
    await add("process", { stream: "sales", name: "load", kind: "script", command: "lod.js" });
    await add("process", { stream: "stock", name: "load", kind: "script", command: "load.js" });
    await expect.poll(() => shape(app)).toEqual({ sales: ["extract"], stock: ["extract", "load"] });
    await vi.waitFor(() => expect(said).toHaveLength(1));
    const since = liveDagsOf(app)[0]!.problems;
    await expect.poll(() => liveDagsOf(app)[0]!.problems).not.toBe(since);
    expect(said).toEqual([
      expect.stringMatching(/sales \| process \(stream "sales", name "load"\), column command: there is no script .*lod\.js$/),
    ]);

    const later = openApp();
    await refreshDags(later, 0);
    expect(shape(later)).toEqual({ sales: ["extract"], stock: ["extract", "load"] });
    script("lod.js", "export const run = () => 1;");
    await expect.poll(() => shape(app)["sales"]).toEqual(["extract", "load"]);
    await vi.waitFor(() => expect(said.at(-1)).toBe("the rows of a DAG are right again | sales"));
    await watching.stop();
  });

  it("take a process as a whole, or not at all", async () => {
    await tables((all) => all.create());
    for (const name of ["sales", "stock"]) await add("stream", { name });
    const app = openApp();
    const [{ place } = expect.fail()] = tableDagsOf(app);
    const around = surroundingsOf(app, runtimeOf(app)!, place);
    const request = { name: "load", stream: "sales", script: "deep/load.ts", group: "eu", dependsOn: [] };
    const path = join(folder.path, "processes/deep/load.ts");
    await expect(addProcess({ ...request, stream: null }, place, context, around)).rejects.toMatchObject({ code: "DAG_UNKNOWN" });
    await expect(addProcess({ ...request, dependsOn: ["load"] }, place, context, around)).rejects.toMatchObject({
      code: "DAG_ROW",
      message: expect.stringContaining("cannot depend on itself"),
    });
    expect(existsSync(path)).toBe(false);
    expect(await addProcess(request, place, context, around)).toEqual({ stream: "sales", written: path });
    await expect(addProcess(request, place, context, around)).rejects.toMatchObject({ code: "DAG_DUPLICATE" });
    expect(await addProcess({ ...request, name: "next", dependsOn: ["load"] }, place, context, around)).toMatchObject({ written: null });
    await refreshDags(app, 0);
    expect([...dagsOf(app).get("sales")!.tasks.values()].map(({ id, upstream }) => [id, upstream])).toEqual([
      ["eu.load", []],
      ["eu.next", ["eu.load"]],
    ]);
    // Loaded, and called as it was written.
    const trial = await (await dagsFromTables(createApp("other", { broker: "memory://" }), place).dag("sales")).test();
    expect(trial.state).toBe("success");
  });

  it("log each try of a process, with its end and why it failed", async () => {
    await tables((all) => all.create());
    const app = openApp();
    script("shaky.js", "export const run = ({ tryNumber }) => { if (tryNumber === 1) throw new Error('no luck'); };");
    await add("stream", { name: "sales" });
    await add("process", { stream: "sales", name: "load", kind: "script", command: "shaky.js", retries: 1, retry_delay_seconds: 0 });
    await add("process", { stream: "sales", name: "skip", kind: "bash", command: "exit 99" });
    await add("process_group", { stream: "sales", name: "eu", process: "load" });
    await add("schedule", { stream: "sales", cron: "@once", start_at: "2026-01-01T00:00:00Z" });
    const since = Date.now();
    const service = schedulerOf(app);
    await service.start();
    const log = () => tables((all) => all.log("sales"));
    await expect.poll(async () => (await log()).length, { timeout: 15_000 }).toBe(3);
    await service.stop();
    const rows = (await log()).map(({ started_at, ended_at, message, ...row }) => {
      const [startedAt, endedAt] = [Date.parse(String(started_at)), Date.parse(String(ended_at))];
      expect(startedAt <= endedAt && startedAt >= since && endedAt <= Date.now()).toBe(true);
      return { ...row, message: String(message) };
    });
    const run = { stream: "sales", run_id: "scheduled__2026-01-01T00:00:00+00:00", map_index: -1 };
    expect(rows).toEqual([
      { ...run, process_group: "", process: "skip", try_number: 1, state: "skipped", message: expect.stringContaining("exit code 99") },
      { ...run, process_group: "eu", process: "load", try_number: 1, state: "failed", message: expect.stringContaining("no luck") },
      { ...run, process_group: "eu", process: "load", try_number: 2, state: "success", message: "null" },
    ]);
  });

  it("run: a scheduler takes up what is added while it runs", async () => {
    await tables((all) => all.create());
    const app = openApp();
    script("load.js", "export const run = (run, params) => ({ stream: run.dagId, ...params });");
    const service = schedulerOf(app);
    await service.start();
    const store: DagStore = await openDagStore(process.env["CELERIAC_DAG_STORE_URL"] ?? memoryStore, { ...context, defaultPoolSlots: 128 });
    await add("stream", { name: "sales" });
    await add("process", { stream: "sales", name: "load", kind: "script", command: "load.js", params: '{"pieces": 3}' });
    await add("process", { stream: "sales", name: "tell", kind: "bash", command: 'echo "$WHAT"', params: '{"WHAT": "done"}' });
    await add("process_group", { stream: "sales", name: "eu", process: "load" });
    await add("dependency", { stream: "sales", process: "tell", depends_on: "load" });
    await add("schedule", { stream: "sales", cron: "@once", start_at: "2026-01-01T00:00:00Z" });
    const run = () => store.read(({ runs }) => runs.list({ dagId: "sales", limit: 1 }));
    await expect.poll(async () => (await run())[0]?.state, { timeout: 15_000 }).toBe("success");
    const [made] = await run();
    const value = async (taskId: string) => (await store.read(({ xcoms }) => xcoms.ofTask(made!, taskId, "return_value")))[0]?.value;
    expect([await value("eu.load"), await value("tell")]).toEqual(['{"stream":"sales","pieces":3}', '"done"']);
    await service.stop();
    await store.close();
  });

  it("let what is queued of a stream run to its end when it is disabled, and go on when it is enabled again", async () => {
    await tables((all) => all.create());
    const app = openApp();
    const began = join(folder.path, "began");
    script(
      "hold.js",
      `import { existsSync, writeFileSync } from "node:fs";
       export async function run() {
         writeFileSync(${JSON.stringify(began)}, "");
         while (existsSync(${JSON.stringify(began)})) await new Promise((resolve) => setTimeout(resolve, 20));
       }`,
    );
    await add("stream", { name: "sales" });
    await add("process", { stream: "sales", name: "first", kind: "script", command: "hold.js", priority: 2 });
    await add("process", { stream: "sales", name: "second", kind: "bash", command: "true", priority: 1 });
    await add("process", { stream: "sales", name: "third", kind: "bash", command: "true" });
    await add("dependency", { stream: "sales", process: "third", depends_on: "second" });
    await add("schedule", { stream: "sales", cron: "@once", start_at: "2026-01-01T00:00:00Z" });
    const service = schedulerOf(app);
    await service.start();
    const store: DagStore = await openDagStore(process.env["CELERIAC_DAG_STORE_URL"]!, { ...context, defaultPoolSlots: 128 });
    const states = () =>
      store.read(async ({ runs, instances }) => {
        const [run] = await runs.list({ dagId: "sales", limit: 1 });
        const all = run === undefined ? [] : await instances.ofRun(run);
        return Object.fromEntries(all.map(({ taskId, state }) => [taskId, state]));
      });
    await expect.poll(() => existsSync(began)).toBe(true);
    await expect.poll(states).toMatchObject({ first: "running", second: "scheduled" });
    await execute("update control_stream set enabled = false where name = 'sales'");
    await expect.poll(() => dagsOf(app).has("sales")).toBe(false);
    const worker = openApp();
    await refreshDags(worker, 0);
    // Whoever has a queued task of it to run finds it, and nobody who looks for something to start.
    expect([dagsOf(worker).has("sales"), findDag(worker, "sales")?.tasks.has("second")]).toEqual([false, true]);
    rmSync(began);
    await expect.poll(states).toMatchObject({ first: "success", second: "scheduled" });
    await execute("update control_stream set enabled = true where name = 'sales'");
    await expect.poll(states, { timeout: 15_000 }).toMatchObject({ second: "success", third: "success" });
    await service.stop();
    await store.close();
  });
});

it("refuses options that name no tables", () => {
  const app = createApp("control", { broker: "memory://" });
  const scripts = new URL("./processes/", import.meta.url);
  const refused = { code: "DAG_DEFINITION" };
  expect(() => dagsFromTables(app, { scripts } as never)).toThrow(expect.objectContaining(refused));
  expect(() => dagsFromTables(app, { url: "sqlite://./x.db", scripts: "./processes" } as never)).toThrow(expect.objectContaining(refused));
  expect(() => dagsFromTables(app, { url: "sqlite://./x.db", scripts, prefix: "a; drop" })).toThrow(expect.objectContaining(refused));
  expect(() => dagsFromTables(app, { url: "sqlite://./x.db", script: scripts } as never)).toThrow(
    expect.objectContaining({ code: "CONFIG_UNKNOWN", message: expect.stringContaining("scripts") }),
  );
});
