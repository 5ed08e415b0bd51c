/**
 * A process that does nothing of ours: `bystander.ts <broker> <seconds>` watches its event loop, and how long the disk takes for a few bytes, in
 * the folder it is started in. It prints one line of JSON: what the machine itself does to everybody on it.
 */
import { open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "../figure.ts";
import { type LoopReport, watchLoop } from "./loop-watch.ts";

export interface Bystander {
  readonly loop: LoopReport;
  /** the longest write of 4 kB with fdatasync, ms */
  readonly worstSyncMs: number;
}

const [, seconds = "1"] = process.argv.slice(2);
const betweenSyncsMs = 50;
const until = performance.now() + Number(seconds) * 1_000;
const file = await open(`bystander-${process.pid}`, "w");
const loop = watchLoop();
const syncMs: number[] = [];
while (performance.now() < until) {
  await file.write(Buffer.alloc(4_096));
  const startedAt = performance.now();
  await file.datasync();
  syncMs.push(performance.now() - startedAt);
  await pause(betweenSyncsMs);
}
const report: Bystander = { loop: loop.end(), worstSyncMs: percentile(syncMs, 1) };
await file.close();
console.log(JSON.stringify(report));
