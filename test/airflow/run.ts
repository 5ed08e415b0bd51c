/** `npm run test:interop -- airflow`: real Airflows, installed as of their release, with our worker in place of theirs. A line for each scenario; ends with 1 when one failed, with 69 when no package index answers. */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../support/built.ts";
import { installWhatIsMissing } from "../support/install.ts";
import { NoPackageIndex, newestAirflow } from "./environments.ts";
import { openScene, type Scenario } from "./scenario.ts";
import { a7, a9, a10, a17 } from "./scenarios/faults.ts";
import { a15 } from "./scenarios/figures.ts";
import { a12, a16 } from "./scenarios/fleet.ts";
import { a1, a2r, a3, a5, a6 } from "./scenarios/runs.ts";
import { t1, t2, t3, t4, t5, t8 } from "./scenarios/typescript.ts";
import { openStage, type Stage } from "./stage.ts";
import { callTroupe, type Troupe } from "./troupe.ts";

const scenarios: readonly Scenario[] = [a1, a2r, a3, a5, a6, a7, a9, a10, a12, a15, a16, a17, t1, t2, t3, t4, t5, t8];
const names = scenarios.map(({ name }) => name);
const usage = `npm run test:interop -- airflow [options]
  --only     ${names.join(",")}    (all)
  --airflow  2,3    (both)`;
const noIndex = 69;

async function main(): Promise<number> {
  const { values: given } = parseArgs({ options: { only: { type: "string" }, airflow: { type: "string", default: "2,3" } } });
  const only = given.only?.split(",") ?? names;
  const majors = given.airflow.split(",").map(Number);
  if (only.some((name) => !names.includes(name)) || majors.some((major) => major !== 2 && major !== 3)) {
    console.error(usage);
    return 2;
  }
  installWhatIsMissing();
  build();
  let failed = 0;
  for (const major of majors as (2 | 3)[]) {
    const wanted = scenarios.filter((scenario) => only.includes(scenario.name) && scenario.majors.includes(major));
    if (wanted.length > 0) failed += await playAll(major, wanted);
  }
  return failed === 0 ? 0 : 1;
}

/** Resolves with how many failed. */
async function playAll(major: 2 | 3, wanted: readonly Scenario[]): Promise<number> {
  const airflow = newestAirflow(major);
  const stage = await openStage(airflow);
  try {
    const troupe = await callTroupe(stage);
    let failed = 0;
    for (const scenario of wanted) if (!(await playOne(stage, troupe, scenario))) failed++;
    return failed;
  } finally {
    await stage.close();
  }
}

async function playOne(stage: Stage, troupe: Troupe, scenario: Scenario): Promise<boolean> {
  await troupe.restore();
  const scene = openScene(stage, troupe);
  const started = performance.now();
  const told = troupe.schedulerLog().length;
  let why: unknown = null;
  try {
    await scenario.play(scene);
  } catch (error) {
    why = error;
  }
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const what = `${scenario.name} ${stage.airflow.version}`;
  if (why === null) console.log(`${what} pass ${seconds}s`);
  else {
    const kept = keep(what, `${reasonOf(why)}\n\n${await scene.report()}\n\n${troupe.schedulerLog().slice(told)}`);
    console.log(`${what} fail ${seconds}s ${reasonOf(why).split("\n").join(" ")} (${kept})`);
  }
  await scene.close();
  return why === null;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Keeps what the processes wrote; gives the path. */
function keep(what: string, text: string): string {
  const folder = join(tmpdir(), "celeriac-airflow-failures");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${what.replace(" ", "-")}.log`);
  writeFileSync(path, text);
  return path;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof NoPackageIndex)) throw error;
  console.error(`No package index answers, so no Airflow can be installed: ${error.message}`);
  process.exitCode = noIndex;
}
