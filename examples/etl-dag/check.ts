/** `npm run check`: runs the example, and the month, and holds what they leave to the data. Ends with 1 when anything is not as it should be. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "libsql";

const here = fileURLToPath(new URL(".", import.meta.url));
const celeriac = fileURLToPath(new URL("bin/celeriac.js", import.meta.resolve("celeriac/package.json")));
const folder = mkdtempSync(join(tmpdir(), "etl-dag-"));
const control = join(folder, "control.db");
const environment = { ...process.env, CELERIAC_DAG_STORE_URL: `sqlite://${join(folder, "dags.db")}`, CONTROL_URL: `sqlite://${control}` };
const warehouse = fileURLToPath(new URL("warehouse/", import.meta.url));

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: here, env: environment, encoding: "utf8", timeout: 300_000 });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

interface States {
  readonly state: string;
  readonly instances: readonly { readonly task: string; readonly mapIndex: number; readonly state: string }[];
}

interface LogRow {
  readonly stream: string;
  readonly run_id: string;
  readonly process: string;
  readonly try_number: number;
  readonly state: string;
  readonly started_at: string;
  readonly ended_at: string;
}

/** Each report began when the very run of the weather had ended that it had started, on the day too that had no half past two. */
function checkLog(): void {
  const database = new Database(control, { readonly: true });
  const log = database.prepare("select * from control_log order by run_id").all() as LogRow[];
  database.close();
  assert.ok(log.every(({ state, try_number }) => state === "success" && try_number === 1));
  const of = (process: string) => log.filter((row) => row.process === process);
  const dates = ["09T10:30", "10T10:30", "11T10:30", "12T09:30", "13T09:30"];
  assert.deepEqual(
    of("publish").map(({ run_id }) => run_id),
    dates.map((date) => `scheduled__2012-03-${date}:00+00:00`),
  );
  assert.equal(of("extract").length, 2 * dates.length);
  for (const publish of of("publish")) {
    const measure = of("measure").find(({ run_id }) => run_id === publish.run_id);
    const started = of("extract").filter(({ run_id }) => run_id.startsWith(publish.run_id.replace("scheduled", "manual")));
    assert.equal(started.length, 1);
    const [extract] = started;
    assert.ok(measure && extract);
    assert.ok(measure.started_at <= extract.started_at && extract.ended_at <= measure.ended_at && measure.ended_at <= publish.started_at);
  }
}

rmSync(warehouse, { recursive: true, force: true });
try {
  const said = /^run (\S+) (\S+) (\d+) task instances$/.exec(
    run(...process.execArgv, "start.ts")
      .trimEnd()
      .split("\n")
      .at(-1) ?? "",
  );
  assert.ok(said);
  const [, runId = "", state, count] = said;
  const states = JSON.parse(run(celeriac, "--json", "dag", "states", "etl", runId)) as States;
  assert.deepEqual([states.state, String(states.instances.length)], [state, count]);
  assert.deepEqual(
    states.instances.map(({ task, mapIndex, state }) => [task, mapIndex, state]),
    [
      ["measured", -1, "success"],
      ["extract", -1, "success"],
      ...[0, 1].map((index) => ["transform", index, "success"]),
      ["load", -1, "success"],
      ["kind", -1, "success"],
      ["warn", -1, "skipped"],
      ["praise", -1, "success"],
      ["close", -1, "success"],
    ],
  );

  run(celeriac, "-A", "./month.ts", "dag", "scheduler", "--until-idle", "--parallelism", "4");
  const { runs } = JSON.parse(run(celeriac, "--json", "-A", "./month.ts", "dag", "list", "month")) as { runs: { state: string }[] };
  assert.ok(runs.length > 0 && runs.every(({ state }) => state === "success"));
  const days = readdirSync(warehouse).sort();
  assert.deepEqual(
    days,
    Array.from({ length: 31 }, (_, at) => `2012-01-${String(at + 1).padStart(2, "0")}.json`),
  );
  const rain = days.flatMap((day) => JSON.parse(readFileSync(join(warehouse, day), "utf8")) as { rainMm: number }[]);
  const lines = readFileSync(join(here, "data/weather.csv"), "utf8").trim().split("\n").slice(1);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0).toFixed(1);
  assert.equal(sum(rain.map(({ rainMm }) => rainMm)), sum(lines.map((line) => Number(line.split(",")[2]))));

  run(...process.execArgv, "control-start.ts");
  checkLog();
  const told = readdirSync(join(warehouse, "seattle")).filter((file) => file.endsWith(".txt"));
  assert.deepEqual(
    told.sort().map((file) => readFileSync(join(warehouse, "seattle", file), "utf8")),
    readFileSync(join(here, "data/seattle-2012-03.csv"), "utf8")
      .split("\n")
      .map((line) => line.split(","))
      .filter(([day = ""]) => day >= "2012-03-09" && day <= "2012-03-13")
      .map(([day, rainMm, maxC]) => `${day}: ${Number(rainMm)} mm of rain, ${Number(maxC)} °C at most\n`),
  );
} finally {
  rmSync(folder, { recursive: true });
  rmSync(warehouse, { recursive: true, force: true });
}
console.log(
  "The example works: a day by hand, a month by its schedule, five days of streams that are made of rows, and each day's data is in the warehouse once.",
);
