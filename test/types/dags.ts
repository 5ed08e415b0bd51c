/** DAGs: what operators give, and what they take. */
import { crontab, every } from "celeriac";
import { type Connection, dag, dagsFromTables, each, fileExists, type Handle, runEnded, zip } from "celeriac/dag";
import { app } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

interface Row {
  readonly id: string;
  readonly n: number;
}

const tsum = app.task("proj.tsum", (xs: number[]) => xs.reduce((sum, x) => sum + x, 0));

export async function dags(): Promise<void> {
  const load = app.declare<(row: Row, table: string) => number>("etl.load");
  let sum: Handle<number> | undefined;
  const etl = dag(app, "etl", { schedule: "@daily", startAt: new Date(0), catchUp: true, defaults: { retries: 2 } }, (d) => {
    const ready = d.sensor("ready", { mode: "reschedule", interval: "1m", timeout: "2h" }, async (run) =>
      run.logicalDate < run.intervalEnd ? { path: "p" } : false,
    );
    expectType<Equal<typeof ready, Handle<{ path: string }>>>();
    d.task("secrets", async (run) => {
      const db = await run.connection("db");
      expectType<Equal<typeof db, Connection>>();
      const [text, limits, odd] = [
        await run.variable("region", { fallback: "eu" }),
        await run.variable<{ rows: number }>("limits", { json: true }),
        await run.variable("odd", { json: true }),
      ];
      expectType<Equal<typeof text, string>>();
      expectType<Equal<typeof limits, { rows: number }>>();
      expectType<Equal<typeof odd, unknown>>();
      // @ts-expect-error a text has a text to fall back on
      await run.variable("region", { fallback: 1 });
    })();
    const file = d.sensor(
      "file",
      { mode: "defer" },
      fileExists((run) => `/data/${run.runId}.csv`),
    );
    expectType<Equal<typeof file, Handle<string>>>();
    const before = new Date(0);
    const upstream = d.sensor("upstream", {}, runEnded("upstream", { logicalDate: () => before, states: ["success", "failed"] }));
    expectType<Equal<typeof upstream, Handle<string>>>();
    // @ts-expect-error a run does not end as running
    runEnded("upstream", { states: ["running"] });
    const extract = d.task("extract", async (run, path: string): Promise<Row[]> => [{ id: path, n: run.tryNumber }]);
    const rows = extract(ready.pick("path"));
    expectType<Equal<typeof rows, Handle<Row[]>>>();
    const loaded = d.task(load, { pool: "db" }).expand(each(rows), "weather");
    expectType<Equal<typeof loaded, Handle<number[]>>>();
    const counted = d.task("counted", async (run, n: number) => {
      if (n > 0) return n;
      throw run.skip("nothing to count");
    });
    expectType<Equal<ReturnType<typeof counted>, Handle<number>>>();
    // @ts-expect-error it fails for a reason
    d.task("x", (run) => run.fail());
    const total = d.task(tsum)(loaded);
    sum = total;
    expectType<Equal<typeof total, Handle<number>>>();
    const kind = d.branch("size", (_run, n: number) => (n > 100 ? "big" : "small"))(total);
    const big = d.bash("big", "echo big", { env: { TOTAL: d.bash("total", "echo 1"), PLAIN: "x" } });
    expectType<Equal<typeof big, Handle<string>>>();
    const small = d.task("small", async () => 1)();
    kind.on("big", big).on("small", small);
    // @ts-expect-error no such branch
    kind.on("huge", big);
    // @ts-expect-error rows is not a string
    extract(rows);
    // @ts-expect-error a list needs each() and expand()
    d.task(load)(rows, "weather");
    // @ts-expect-error a handle is not its value
    rows.length;
    expectType<Equal<"then" extends keyof typeof rows ? true : false, false>>();
    d.task("end", { triggerRule: "none_failed_min_one_success" }, async () => {})().after(big, small);
    d.group("tail", () => {
      d.trigger("other", { wait: true, params: { rows } }).after(total);
    });
    const pairs = zip(rows, ["a", "b"]);
    expectType<Equal<typeof pairs, Handle<[Row, string][]>>>();
    d.task("pair", (_run, [row, letter]: [Row, string]) => `${row.id}${letter}`).expand(each(pairs));
    expectType<Equal<ReturnType<typeof d.run<"intervalStart">>, Handle<Date>>>();
    // @ts-expect-error a run has no such value
    d.run("interval");
    const isNeeded = d.shortCircuit("needed", (run) => run.params["needed"] === true)();
    isNeeded.before(total);
    // @ts-expect-error it gives nothing that could be passed
    extract(isNeeded);
    // @ts-expect-error no such rule
    d.task("x", { triggerRule: "all_well" }, () => 1);
    // @ts-expect-error "90x" is no duration
    d.task("x", { executionTimeout: "90x" }, () => 1);
    // @ts-expect-error a misspelt option
    extract.with({ retrys: 2 });
  });
  const run = await etl.trigger({ params: { x: 1 } });
  const ended = await run.wait({ timeout: "10m" });
  expectType<Equal<typeof ended.state, "success" | "failed">>();
  const trial = await etl.test({ logicalDate: new Date(0), params: { x: 1 } });
  const value = trial.value(sum!);
  expectType<Equal<typeof value, number>>();
  // @ts-expect-error a misspelt option
  await etl.test({ logicaldate: new Date(0) });
  const tables = dagsFromTables(app, { url: "sqlite://./control.db", scripts: new URL("./processes/", import.meta.url), prefix: "etl_" });
  await (await tables.dag("sales")).test();
  // @ts-expect-error where the scripts lie is a URL
  dagsFromTables(app, { url: "sqlite://./control.db", scripts: "./processes" });
  dag(app, "cron", { schedule: "0 3 * * 1", tz: "Europe/Oslo", timetable: "interval" }, () => {});
  dag(app, "made", { schedule: crontab("0 3 * * *") }, () => {});
  dag(app, "often", { schedule: every("1h") }, () => {});
  // @ts-expect-error no such preset
  dag(app, "wrong", { schedule: "@often" }, () => {});
  // @ts-expect-error ids are of one task each
  dag(app, "wrong", { defaults: { id: "x" } }, () => {});
}
