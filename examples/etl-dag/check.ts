/** `npm run check`: runs the example, and the month, and holds what they leave to the data. Ends with 1 when anything is not as it should be. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const celeriac = fileURLToPath(new URL("bin/celeriac.js", import.meta.resolve("celeriac/package.json")));
const folder = mkdtempSync(join(tmpdir(), "etl-dag-"));
const environment = { ...process.env, CELERIAC_DAG_STORE_URL: `sqlite://${join(folder, "dags.db")}` };
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
} finally {
  rmSync(folder, { recursive: true });
  rmSync(warehouse, { recursive: true, force: true });
}
console.log("The example works: a day by hand, a month by its schedule, and each day's data is in the warehouse once.");
