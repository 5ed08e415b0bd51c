/** `npm run bench`: Celeriac beside the bare broker, BullMQ and Celery, on one machine in one run. Ends with 1 when someone asked for did not finish. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { measure } from "./measure.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { cellsOf, leftOut } from "./peers.ts";
import { bestOf, type Cell, type Measurement, type Row, rowOf } from "./row.ts";
import { type Servers, startServers } from "./servers.ts";
import { summaryOf } from "./summary.ts";
import { tablesOf } from "./table.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<number> {
  const options = optionsOrNull();
  if (options === null) return 2;
  if (options.summary !== null) {
    console.log(summaryOf(JSON.parse(readFileSync(options.summary, "utf8")).rows));
    return 0;
  }
  if (options.who.includes("celeriac") && !build()) return 1;
  const cells = cellsOf(options);
  console.log(`${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, Node ${process.version}`);
  for (const line of leftOut(options)) console.log(`left out: ${line}`);

  const servers = await startServers(options.brokers);
  const failures: string[] = [];
  const measured = new Map<Cell, Measurement[]>();
  try {
    await measureAll(options, { cells, servers, measured, failures });
  } finally {
    await servers.stop();
  }
  const rows = bestOf([...measured].map(([cell, measurements]) => rowOf(cell, measurements)));
  console.log(`\n${tablesOf(rows)}`);
  for (const failure of failures) console.error(`\nfailed: ${failure}`);
  if (options.out !== null) writeFileSync(options.out, `${JSON.stringify(report(options, rows, failures), null, 1)}\n`);
  return failures.length === 0 ? 0 : 1;
}

interface Course {
  readonly cells: readonly Cell[];
  readonly servers: Servers;
  readonly measured: Map<Cell, Measurement[]>;
  readonly failures: string[];
}

/** All cells once, then all again: what slows the machine for a minute meets everyone. */
async function measureAll({ reps, limitMs }: BenchOptions, { cells, servers, measured, failures }: Course): Promise<void> {
  const failed = new Set<Cell>();
  for (let rep = 1; rep <= reps; rep++)
    for (const cell of cells) {
      if (failed.has(cell)) continue;
      const name = labelOf(cell);
      try {
        const measurement = await measure(cell, servers, limitMs);
        measured.set(cell, [...(measured.get(cell) ?? []), measurement]);
        console.log(`${rep}/${reps} ${name}: ${briefOf(measurement)}`);
      } catch (error) {
        failed.add(cell);
        measured.delete(cell);
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        console.log(`${rep}/${reps} ${name}: failed`);
      }
    }
}

function labelOf({ workload, broker, pool, who, results, inFlight, setting }: Cell): string {
  const parts = [workload, inFlight === null ? null : `${inFlight} in flight`, broker, who, pool, setting];
  return `${parts.filter((part) => part !== null && part !== "").join(" ")}${workload === "drain" && results ? ", results stored" : ""}`;
}

function briefOf({ perSecond, p50Ms, p99Ms }: Measurement): string {
  const rate = `${Math.round(perSecond).toLocaleString("en")}/s`;
  return p50Ms === null ? rate : `${rate}, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms?.toFixed(2)} ms`;
}

function report({ n, reps }: BenchOptions, rows: readonly Row[], failures: readonly string[]): object {
  return {
    at: new Date().toISOString(),
    node: process.version,
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    n,
    reps,
    failures,
    rows,
  };
}

/** The worker that is measured is the built one: a loader in its processes would be measured, too. */
function build(): boolean {
  const { status } = spawnSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) console.error("the build failed: nothing of ours can be measured");
  return status === 0;
}

function optionsOrNull(): BenchOptions | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return null;
  }
}

process.exitCode = await main();
