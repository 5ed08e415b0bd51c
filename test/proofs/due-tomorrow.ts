/** Tasks that are due tomorrow lie in the broker, however many: a worker knows when the first one is due, and holds none of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { runtimeOf } from "@celeriac/core/runtime";
import { eventually } from "../support/eventually.ts";
import { createFaultWorld, type FaultWorld } from "../support/fault/world.ts";
import { startRabbitmq } from "../support/rabbitmq-server.ts";
import { startRedis } from "../support/redis-server.ts";
import { aside, below, exactly, type Figure, type Proof } from "./figure.ts";
import { byThread, readSamples } from "./soak/samples.ts";

/** RabbitMQ takes each through up to 28 queues. */
const mostOnRabbitmq = 10_000;
const sentAtOnce = 1_000;
/** What is kept is looked for, not garbage: it is collected now and then, and at rest. By itself V8 does that only after a minute or more of rest. */
const collectMs = 15_000;
const restMs = 4 * collectMs;
const lookMs = 1_000;

interface Place {
  readonly tasks: number;
  url(directory: string): string;
  stop(): Promise<void>;
}

export function dueTomorrow(tasks: number): Proof {
  return {
    name: "due-tomorrow",
    how: `${tasks.toLocaleString("en")} tasks that are due in 24 hours (on RabbitMQ ${Math.min(tasks, mostOnRabbitmq).toLocaleString("en")}), sent while a worker with two child processes is on their queue; its memory is that of all three processes, before and ${restMs / 1_000} s after the last of them was put where it waits, with their garbage collected every ${collectMs / 1_000} s. On SQLite that is done by whoever sends them; on Redis and RabbitMQ the worker takes each out of its queue and parks it, which makes garbage.`,
    async run(tell) {
      const figures: Figure[] = [];
      for (const [broker, open] of Object.entries(places)) {
        const place = await open(tasks);
        const world = createFaultWorld(place.url);
        try {
          for (const figure of await wait(world, place)) figures.push({ ...figure, what: `${broker}: ${figure.what}` });
          tell(`${broker}: done`);
        } finally {
          await world.dispose();
          await place.stop();
        }
      }
      return figures;
    },
  };
}

async function wait(world: FaultWorld, { tasks }: Place): Promise<readonly Figure[]> {
  const samplesPath = join(world.directory, "samples");
  world.environment["FAULT_SAMPLES"] = `${samplesPath}:${collectMs}`;
  const worker = await world.startWorker({ options: { pool: "prefork", concurrency: 2 } });
  const memory = () => [worker.pid, ...worker.children()].reduce((sum, pid) => sum + rssMb(pid), 0);
  for (let n = 1; n <= 500; n += 1) await world.client.mark.delay(-n, 0).get();
  const heaps = () => [...byThread(readSamples(samplesPath)).values()].reduce((sum, samples) => sum + samples.at(-1)!.heapMb, 0);
  await pause(restMs);
  const [before, heapsBefore] = [memory(), heaps()];
  let most = before;
  const looking = setInterval(() => {
    most = Math.max(most, memory());
  }, lookMs);
  const startedAt = performance.now();
  for (let n = 0; n < tasks; n += sentAtOnce) await sendFrom(n);
  const perSecond = tasks / ((performance.now() - startedAt) / 1_000);
  await eventually(async () => (await waiting(world)) === 0, { withinMs: 1_800_000, everyMs: lookMs });
  await pause(restMs);
  clearInterval(looking);
  const [grown, heapsGrown] = [memory() - before, heaps() - heapsBefore];
  const early = world.ledger().filter(({ what, n }) => what === "begin" && n >= 0).length;
  const { "task-parked": parked = 0 } = await worker.stop();
  return [
    below("growth of the worker's memory", [grown], 20, " MB"),
    aside("growth of its heaps, buffers included", [heapsGrown], " MB"),
    aside("the most its memory had grown by meanwhile, garbage included", [most - before], " MB"),
    aside("its memory before", [before], " MB"),
    aside("tasks sent a second", [Math.round(perSecond)], ""),
    aside("of them, parked by the worker", [parked], ""),
    exactly("of them, run before they were due", early, 0),
  ];

  async function sendFrom(from: number): Promise<void> {
    const numbers = Array.from({ length: Math.min(sentAtOnce, tasks - from) }, (_, index) => from + index);
    await Promise.all(numbers.map((n) => world.client.mark.applyAsync([n, 0], { countdown: "24h", ignoreResult: true })));
  }
}

/** How many nobody has taken out of their queue. */
async function waiting({ client }: FaultWorld): Promise<number> {
  const { broker } = await runtimeOf(client.app)!.links();
  return await broker.queues.length("celery");
}

function rssMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;
}

const places: Readonly<Record<string, (tasks: number) => Promise<Place>>> = {
  SQLite: async (tasks) => ({ tasks, url: (directory) => `sqlite://${directory}/celeriac.db`, stop: async () => {} }),
  Redis: async (tasks) => {
    const { url, stop } = await startRedis();
    return { tasks, url: () => url, stop };
  },
  RabbitMQ: async (tasks) => {
    const { url, stop } = await startRabbitmq();
    return { tasks: Math.min(tasks, mostOnRabbitmq), url: () => url, stop };
  },
};
