/** `npm run proofs`: measures what is promised in figures, prints the table, and ends with 1 when a bound is missed. Brings up its own servers. */
import { parseArgs } from "node:util";
import { build } from "../support/built.ts";
import { installWhatIsMissing } from "../support/install.ts";
import { beat } from "./beat.ts";
import { canvas } from "./canvas.ts";
import { chords } from "./chords.ts";
import { crowdedFile } from "./crowded-file.ts";
import { dagSchedulers } from "./dag-schedulers.ts";
import { deploys } from "./deploys.ts";
import { dueTomorrow } from "./due-tomorrow.ts";
import { failovers } from "./failovers.ts";
import type { Proof } from "./figure.ts";
import { idleWorkers } from "./idle-workers.ts";
import { longTasks } from "./long-tasks.ts";
import { monitorOutage } from "./monitor-outage.ts";
import { type Proven, prove, tellProven } from "./prove.ts";
import { redisKeys } from "./redis-keys.ts";
import { returns } from "./returns.ts";
import { stalledWorkers } from "./stalled-workers.ts";
import { startLatency } from "./start-latency.ts";

const { values: given } = parseArgs({
  options: { only: { type: "string" }, out: { type: "string" }, tasks: { type: "string", default: "1000000" } },
});
const proofs: readonly Proof[] = [
  startLatency,
  idleWorkers,
  crowdedFile,
  redisKeys,
  stalledWorkers,
  failovers,
  longTasks,
  returns,
  deploys,
  chords,
  dueTomorrow(Number(given.tasks)),
  canvas,
  beat,
  dagSchedulers,
  monitorOutage,
];
const names = proofs.map(({ name }) => name);
const usage = `npm run proofs -- [options]
  --only   ${names.join(",")}    (all)
  --tasks  how many are due tomorrow    (1000000)
  --out    page.md    puts the tables into that page`;

async function main(): Promise<number> {
  const only = given.only?.split(",") ?? names;
  if (only.some((name) => !names.includes(name)) || !(Number(given.tasks) >= 1)) {
    console.error(usage);
    return 2;
  }
  installWhatIsMissing();
  build();
  const proven: Proven[] = [];
  for (const proof of proofs.filter(({ name }) => only.includes(name))) proven.push(await prove(proof));
  return tellProven(proven, given.out ?? null);
}

process.exitCode = await main();
