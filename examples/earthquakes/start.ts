/** Starts a worker, sends the study, shows how far it is, and prints what came of it. */
import { isGroupResult } from "celeriac";
import { createWorker } from "celeriac/worker";
import type { Placed } from "./study.ts";
import { app, study } from "./tasks.ts";

const rows = 12;

function line({ region, count, strongest, energy, share, depth }: Placed): string {
  return [
    region.padEnd(24),
    String(count).padStart(6),
    strongest.toFixed(1).padStart(10),
    energy.toExponential(2).padStart(12),
    `${(share * 100).toFixed(2)} %`.padStart(9),
    `${depth.mean.toFixed(0)} (${depth.low.toFixed(0)} to ${depth.high.toFixed(0)})`.padStart(20),
  ].join("");
}

const head = ["region".padEnd(24), " quakes", " strongest", "  energy, TJ", "    share", "  mean depth, km"].join("");

const worker = createWorker(app);
try {
  await worker.start();
  const sent = await study.delay();
  // What stands before the body of a chord is the group of its members.
  if (sent.parent !== null && isGroupResult(sent.parent))
    for await (const { progress } of sent.parent.watch())
      if (progress !== undefined) console.log(`${progress.done} of ${progress.of} regions`);
  const ranking = await sent.get();
  console.log(`\n${head}\n${ranking.slice(0, rows).map(line).join("\n")}`);
} finally {
  await worker.stop();
  await app.close();
}
