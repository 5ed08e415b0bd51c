/** `npm run proofs`: measures what is promised in figures, prints the table, and ends with 1 when a bound is missed. Brings up its own servers. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { build } from "../support/built.ts";
import { installWhatIsMissing } from "../support/install.ts";
import { crowdedFile } from "./crowded-file.ts";
import { failovers } from "./failovers.ts";
import type { Proof } from "./figure.ts";
import { idleWorkers } from "./idle-workers.ts";
import { longTasks } from "./long-tasks.ts";
import { conditionsNow, type Proven, page, terminalTable } from "./page.ts";
import { redisKeys } from "./redis-keys.ts";
import { returns } from "./returns.ts";
import { stalledWorkers } from "./stalled-workers.ts";
import { startLatency } from "./start-latency.ts";

const proofs: readonly Proof[] = [startLatency, idleWorkers, crowdedFile, redisKeys, stalledWorkers, failovers, longTasks, returns];
const names = proofs.map(({ name }) => name);
const usage = `npm run proofs -- [options]
  --only  ${names.join(",")}    (all)
  --out   page.md    writes the table as a page`;

async function main(): Promise<number> {
  const { only, out } = options();
  if (only.some((name) => !names.includes(name))) {
    console.error(usage);
    return 2;
  }
  const conditions = conditionsNow();
  installWhatIsMissing();
  build();
  const proven: Proven[] = [];
  for (const proof of proofs.filter(({ name }) => only.includes(name))) {
    const tell = (line: string) => console.log(`${proof.name}: ${line}`);
    proven.push({ proof, figures: await proof.run(tell) });
  }
  console.log(`\n${terminalTable(proven)}`);
  if (out !== null) writeFileSync(out, page(proven, conditions));
  return proven.every(({ figures }) => figures.every(({ isMet }) => isMet)) ? 0 : 1;
}

function options() {
  const { values } = parseArgs({ options: { only: { type: "string" }, out: { type: "string" } } });
  return { only: values.only?.split(",") ?? names, out: values.out ?? null };
}

process.exitCode = await main();
