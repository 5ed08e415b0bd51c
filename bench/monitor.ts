/** `npm run bench:monitor`: what the monitor needs of a core to watch hundreds of workers that beat, with and without somebody who looks on. */
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startCeleriac } from "../test/support/celeriac-command.ts";
import { startFleet } from "../test/support/monitor/fleet.ts";
import { temporaryDirectory } from "../test/support/private-process.ts";
import { startRedis } from "../test/support/redis-server.ts";
import { cpuMsOf } from "./process-tree.ts";
import { percentile } from "./row.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "500" },
    seconds: { type: "string", default: "30" },
  },
});
const workers = Number(values.workers);
const seconds = Number(values.seconds);

function row(name: string, figure: string): void {
  console.log(`| ${name} | ${figure} |`);
}

/** Of a core, all threads of the process together. */
async function share(pid: number): Promise<string> {
  const [before, beganAt] = [cpuMsOf([pid]), performance.now()];
  await pause(seconds * 1_000);
  return `${((100 * (cpuMsOf([pid]) - before)) / (performance.now() - beganAt)).toFixed(1)} % of a core`;
}

async function answerTimes(url: string): Promise<string> {
  const times: number[] = [];
  for (let n = 0; n < 40; n += 1) {
    const beganAt = performance.now();
    await (await fetch(url)).text();
    times.push(performance.now() - beganAt);
  }
  return `p50 ${percentile(times, 0.5).toFixed(0)} ms, p95 ${percentile(times, 0.95).toFixed(0)} ms`;
}

/** Reads all that is told, as a page does; resolves with the bytes of it when it is ended. */
function follow(url: string): { end(): Promise<number> } {
  const ending = new AbortController();
  let bytes = 0;
  const reading = fetch(url, { signal: ending.signal })
    .then(async ({ body }) => {
      for await (const piece of body!) bytes += piece.byteLength;
    })
    .catch(() => {});
  return {
    async end() {
      ending.abort();
      await reading;
      return bytes;
    },
  };
}

const folder = temporaryDirectory("bench-monitor");
const redis = await startRedis();
const fleet = await startFleet(redis.url, workers);
const command = startCeleriac(folder.path, ["-b", redis.url, "flower", "--port=0", "--address=127.0.0.1"], {
  FLOWER_UNAUTHENTICATED_API: "true",
});
try {
  await command.wrote(/monitor-ready/, 30_000);
  const base = /"url":"([^"]+)"/.exec(command.output())![1]!;
  const online = async () => Object.values((await (await fetch(`${base}/api/workers?status=1`)).json()) as object).filter(Boolean).length;
  // All are asked what they are when they are heard first.
  while ((await online()) < workers || fleet.inquiries.length < 8 * Math.ceil(workers / 25)) await pause(200);
  await pause(5_000);
  console.log("| what | figure |\n| --- | --- |");
  const beatsBefore = fleet.beats;
  row("nobody looks on", await share(command.pid));
  row("heartbeats a second", ((fleet.beats - beatsBefore) / seconds).toFixed(0));
  const pages = {
    "the list of workers is open": "topics=overview,workers",
    "the list of tasks is open": "topics=overview,tasks",
  };
  for (const [name, topics] of Object.entries(pages)) {
    const page = follow(`${base}/api/v2/stream?${topics}`);
    await pause(2_000);
    row(name, await share(command.pid));
    row("told to that page, a second", `${((await page.end()) / 1_000 / (seconds + 2)).toFixed(0)} kB`);
  }
  for (const path of ["/workers?json=1", "/api/v2/workers"]) row(path, await answerTimes(`${base}${path}`));
  row("online at the end", String(await online()));
  row("load of the machine", loadavg()[0]!.toFixed(1));
} finally {
  await command.stop();
  await fleet.stop();
  await redis.stop();
  folder.remove();
}
