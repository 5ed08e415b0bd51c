/** `npm run bench:beat`: how soon a beat of many entries leads, what it keeps of them, and what a tick costs among them; beside reading the same rows raw. */
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { temporaryDirectory } from "../test/support/private-process.ts";
import { startRedis } from "../test/support/redis-server.ts";
import { percentile } from "./row.ts";

const programs = fileURLToPath(new URL("programs", import.meta.url));
const { values: given } = parseArgs({
  options: { entries: { type: "string", default: "1000,10000,100000" }, reps: { type: "string", default: "3" } },
});
const counts = given.entries.split(",").map(Number);
/** so many of the entries are due each second, however many there are */
const due = 100;
const seconds = 4;

/** What `programs/beat.mjs` tells. */
interface Started {
  /** since the start of its process, until it leads and sends of the entries it has read */
  readonly leadsMs: number;
  /** until it has read and planned all of them */
  readonly knowsMs: number;
  /** of the process until then */
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly tickUs: number;
}

type OpenPlace = (folder: string) => Promise<{ readonly broker: string; stop(): Promise<void> }>;
const places: Readonly<Record<string, OpenPlace>> = {
  Redis: async () => {
    const { url, stop } = await startRedis();
    return { broker: url, stop };
  },
  SQLite: async (folder) => ({ broker: `sqlite://${folder}/celeriac.db`, async stop() {} }),
};

function run<T>(name: string, call: object): T {
  const words = [join(programs, `${name}.mjs`), JSON.stringify(call)];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })) as T;
}

const starts = { first: "first", next: "next", found: "with added ones" } as const;

interface Measured {
  readonly first: Started;
  readonly next: Started;
  readonly found: Started;
  readonly rawMs: number;
}

/** On two fresh places: one for entries of the code, one for those that were added. */
async function measure(open: OpenPlace, entries: number): Promise<Measured> {
  const inPlace = async <T>(work: (start: (source: string) => Started, raw: () => number) => T): Promise<T> => {
    const folder = temporaryDirectory("bench-beat");
    const { broker, stop } = await open(folder.path);
    try {
      return work(
        (source) => run<Started>("beat", { broker, entries, source, due, seconds }),
        () => run<{ readonly readMs: number }>("raw-schedules", { broker, entries }).readMs,
      );
    } finally {
      await stop();
      folder.remove();
    }
  };
  const declared = await inPlace((start) => ({ first: start("code"), next: start("code") }));
  const added = await inPlace((start, raw) => {
    start("fill");
    return { found: start("runtime"), rawMs: raw() };
  });
  return { ...declared, ...added };
}

const shown = (value: number) => Math.round(value).toLocaleString("en");
const spread = (values: readonly number[]) =>
  `${shown(percentile(values, 0.5))} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`;

execFileSync("npm", ["run", "--silent", "build"], { stdio: ["ignore", 2, 2] });
const load = (loadavg()[1] ?? 0).toFixed(1);
console.log(`${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, Node ${process.version}; load ${load} before\n`);
console.log(
  "| store | entries | start | leads after, ms | knows all after, ms | CPU until then, ms | rows read raw, ms | memory, MB | CPU per tick, µs |",
);
console.log("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
for (const [name, open] of Object.entries(places))
  for (const entries of counts) {
    const all: Measured[] = [];
    for (let rep = 0; rep < Number(given.reps); rep++) all.push(await measure(open, entries));
    const raw = spread(all.map(({ rawMs }) => rawMs));
    for (const start of ["first", "next", "found"] as const) {
      const figures = (["leadsMs", "knowsMs", "cpuMs"] as const).map((figure) => spread(all.map((each) => each[start][figure])));
      const [memory, tick] = (["rssMb", "tickUs"] as const).map((figure) => spread(all.map((each) => each[start][figure])));
      console.log(`| ${[name, shown(entries), starts[start], ...figures, raw, memory, tick].join(" | ")} |`);
    }
  }
