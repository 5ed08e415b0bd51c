/**
 * `npm run check`: runs the example and holds what it prints to the data, counted once more, and its picture to the one in README.md. Ends with 1
 * when anything is not as it should be.
 * BROKER_URL moves it, as it moves the example.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("start.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "earthquakes-"));
const { BROKER_URL = `sqlite://${join(folder, "celeriac.db")}` } = process.env;
try {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, script], {
    env: { ...process.env, BROKER_URL },
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.equal(status, 0, stderr);
  checkProgress(stdout);
  checkTable(stdout);
  checkPicture();
} finally {
  rmSync(folder, { recursive: true });
}
console.log("The example works: it counts regions as they end, ranks them as the data says, and is what its picture shows.");

function checkProgress(output: string): void {
  const seen = [...output.matchAll(/^(\d+) of (\d+) regions$/gm)].map(([, done, of]) => [Number(done), Number(of)] as const);
  assert.ok(seen.length > 1, output);
  const dones = seen.map(([done]) => done);
  assert.deepEqual(
    dones,
    [...dones].sort((one, other) => one - other),
  );
  assert.deepEqual(seen.at(-1), [byRegion().size, byRegion().size]);
}

function checkPicture(): void {
  const celeriac = fileURLToPath(new URL("bin/celeriac.js", import.meta.resolve("celeriac/package.json")));
  const drawn = spawnSync(process.execPath, [...process.execArgv, celeriac, "graph", "./tasks.ts:sketch"], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    encoding: "utf8",
  });
  assert.equal(drawn.status, 0, drawn.stderr);
  const shown = /```mermaid\n([\s\S]*?)```/.exec(readFileSync(new URL("README.md", import.meta.url), "utf8"))?.[1];
  assert.equal(drawn.stdout, shown);
}

/** Every number but the ranges, counted once more from the data. */
function checkTable(output: string): void {
  const energies = new Map([...byRegion()].map(([region, quakes]) => [region, sum(quakes.map(({ magnitude }) => joules(magnitude)))]));
  const total = sum([...energies.values()]);
  const ranked = [...energies].sort(([, one], [, other]) => other - one).slice(0, 12);
  const expected = ranked.map(([region, energy]) => {
    const quakes = byRegion().get(region) ?? [];
    const depth = sum(quakes.map((quake) => quake.depth)) / quakes.length;
    const strongest = Math.max(...quakes.map(({ magnitude }) => magnitude));
    return [
      region,
      String(quakes.length),
      strongest.toFixed(1),
      (energy / 1e12).toExponential(2),
      ((energy / total) * 100).toFixed(2),
      depth.toFixed(0),
    ];
  });
  const rows = [...output.matchAll(/^(\S.*?) +(\d+) +(-?[\d.]+) +([\d.e+-]+) +([\d.]+) % +(-?\d+) \((-?\d+) to (-?\d+)\)$/gm)];
  assert.deepEqual(
    rows.map(([, ...fields]) => fields.slice(0, 6)),
    expected,
  );
  for (const [, , , , , , mean, low, high] of rows) assert.ok(Number(low) <= Number(mean) && Number(mean) <= Number(high));
}

function byRegion(): ReadonlyMap<string, readonly { readonly depth: number; readonly magnitude: number }[]> {
  const lines = readFileSync(new URL("data/earthquakes.csv", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  const regions = new Map<string, { depth: number; magnitude: number }[]>();
  for (const [, , , depth, magnitude, region = ""] of lines)
    regions.set(region, [...(regions.get(region) ?? []), { depth: Number(depth), magnitude: Number(magnitude) }]);
  return regions;
}

function joules(magnitude: number): number {
  return 10 ** (4.8 + 1.5 * magnitude);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
