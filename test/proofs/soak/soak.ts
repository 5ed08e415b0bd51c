/** Two workers under the same load for a long time: whatever grows with it, grows for ever. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { machineMs } from "../../programs/machine-clock.ts";
import { eventually } from "../../support/eventually.ts";
import { createFaultWorld, type FaultWorld } from "../../support/fault/world.ts";
import { aside, atMost, below, exactly, type Figure, type Proof } from "../figure.ts";
import { createLoad } from "./load.ts";
import { type Census, queues, type SoakBroker, type SoakPlace, soakPlaces } from "./places.ts";
import { byThread, heapSlope, readSamples, type Sample } from "./samples.ts";

export interface SoakPlan {
  readonly broker: SoakBroker;
  readonly minutes: number;
  /** tasks a second */
  readonly rate: number;
}

const sampleMs = 5_000;
const resultsLiveS = 20;
const cutEveryMs = 60_000;
const judgedMinutes = 10;
/** at the start, until nothing is new any more to anybody */
const warmUpTasks = 2_000;
const patience = { withinMs: 180_000, everyMs: 500 };

export function soak(plan: SoakPlan): Proof {
  const { broker, minutes, rate } = plan;
  return {
    name: `soak-${broker}`,
    how: `\`npm run soak -- --broker ${broker} --minutes ${minutes} --rate ${rate}\`: ${rate} tasks a second for ${minutes} minutes, half of them for a worker with two child processes, half for one of the pool \`async\`; 5 % fail, half of those only at first.${broker === "sqlite" ? "" : " Every minute all connections are cut, those of the caller, too."} Results live ${resultsLiveS} s. Heaps are those after garbage collection, every ${sampleMs / 1_000} s, buffers included; their slope is that of the last ${judgedOf(minutes).toFixed(0)} minutes. What lies in the store, handles and file descriptors are counted at rest, before and after.`,
    async run(tell) {
      const place = await soakPlaces[broker]();
      const world = createFaultWorld(place.url, { resultExpires: `${resultsLiveS}s` });
      try {
        return await work(world, place, plan, tell);
      } finally {
        await world.dispose();
        await place.close();
      }
    },
  };
}

/** A shorter run is judged by its last two thirds. */
function judgedOf(minutes: number): number {
  return Math.min(judgedMinutes, (minutes * 2) / 3);
}

async function work(
  world: FaultWorld,
  place: SoakPlace,
  { minutes, rate }: SoakPlan,
  tell: (line: string) => void,
): Promise<readonly Figure[]> {
  const samplesPath = join(world.directory, "samples");
  world.environment["FAULT_SAMPLES"] = `${samplesPath}:${sampleMs}`;
  const prefork = await world.startWorker({
    options: { pool: "prefork", concurrency: 2, slots: 10, hostname: "prefork@here", queues: [queues[0]] },
  });
  const async = await world.startWorker({ options: { pool: "async", hostname: "async@here", queues: [queues[1]] } });
  const census = () => place.census(world.directory);
  /** What is over goes from a SQLite file with the next write: something that leaves nothing behind is sent while that is waited for. */
  const orStir = async (isSo: () => Promise<boolean>) => {
    if (await isSo()) return true;
    await world.client.late.applyAsync([0], { queue: queues[0], ignoreResult: true });
    return false;
  };
  const load = createLoad(world);
  await load.send(warmUpTasks, rate);
  await load.ended();
  // Results that live on are what would come and go between two looks.
  await eventually(() => orStir(async () => ((await census()).counts[place.results] ?? 0) === 0), patience);
  const before = await census();
  const atRest = await latest(samplesPath);

  const cutter = setInterval(() => {
    place.cut?.();
    const heaps = [...byThread(readSamples(samplesPath)).values()].map((samples) => samples.at(-1)!.heapMb.toFixed(1));
    tell(`${load.sent().toLocaleString("en")} sent; heaps ${heaps.join(", ")} MB`);
  }, cutEveryMs);
  const perSecond = await load.send(minutes * 60 * rate, rate);
  clearInterval(cutter);
  const endedAt = machineMs();
  const { missing, repeated } = await load.ended();
  // Where that never comes true the figures say so.
  await eventually(() => orStir(async () => changes(before, await census()).length === 0), patience).catch(() => {});
  const after = await census();
  for (const line of [...after.problems, ...changes(before, after)]) tell(line);
  const last = await latest(samplesPath);
  const judged = byThread(readSamples(samplesPath).filter(({ at }) => at > endedAt - judgedOf(minutes) * 60_000 && at <= endedAt));

  const children = prefork.children();
  const nameOf = ({ pid, thread }: Sample) => {
    if (pid === async.pid) return thread === 0 ? "async, worker" : "async, its thread";
    return pid === prefork.pid ? "prefork, worker" : `prefork, child ${children.indexOf(pid) + 1}`;
  };
  const counts = [await prefork.stop(), await async.stop()];
  return [
    aside("tasks a second", [perSecond], ""),
    exactly(`tasks that did not end, of ${load.sent().toLocaleString("en")} sent`, missing, 0),
    aside("tasks that ended twice", [repeated], ""),
    aside("sends that were refused while connections were cut", [load.refused()], ""),
    exactly(
      "dead letters",
      counts.reduce((sum, each) => sum + (each["task-dead-lettered"] ?? 0), 0),
      0,
    ),
    ...[...atRest].flatMap(([key, first]) => figuresOf(nameOf(first), { first, last: last.get(key), judged: judged.get(key) ?? [] })),
    exactly("kinds of keys, rows or queues that are more or fewer than before", changes(before, after).length, 0),
    exactly("keys, rows or queues that are not as their table says", after.problems.length, 0),
  ];
}

interface Course {
  readonly first: Sample;
  readonly last: Sample | undefined;
  readonly judged: readonly Sample[];
}

function figuresOf(name: string, { first, last, judged }: Course): readonly Figure[] {
  if (last === undefined) return [exactly(`${name}: is still there`, "no", "yes")];
  return [
    below(`${name}: slope of the heap`, [heapSlope(judged)], 0.5, " MB/min"),
    aside(
      `${name}: heap under load`,
      judged.map(({ heapMb }) => heapMb),
      " MB",
    ),
    atMost(`${name}: change of handles`, [Math.abs(last.handles - first.handles)], 2, ""),
    ...(first.thread === 0
      ? [
          atMost(`${name}: change of file descriptors`, [Math.abs(last.fds - first.fds)], 2, ""),
          aside(
            `${name}: memory of the process`,
            judged.map(({ rssMb }) => rssMb),
            " MB",
          ),
        ]
      : []),
  ];
}

/** What each thread noted first from now on. */
async function latest(path: string): Promise<ReadonlyMap<string, Sample>> {
  const since = machineMs();
  await pause(2 * sampleMs);
  return new Map([...byThread(readSamples(path).filter(({ at }) => at > since))].map(([key, samples]) => [key, samples[0]!]));
}

function changes(before: Census, after: Census): readonly string[] {
  const kinds = [...new Set([...Object.keys(before.counts), ...Object.keys(after.counts)])];
  return kinds.flatMap((kind) => {
    const [was, is] = [before.counts[kind] ?? 0, after.counts[kind] ?? 0];
    return was === is ? [] : [`${kind}: ${was} before, ${is} after`];
  });
}
