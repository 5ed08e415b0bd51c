/** Workers that stand still for a minute: what they do too late changes nothing, and nobody runs what they still hold. */
import { blockEventLoop, freezeHolder, takeOverFrozen } from "../support/fault/stalls.ts";
import { createFaultWorld, type FaultWorld } from "../support/fault/world.ts";
import { startRedis } from "../support/redis-server.ts";
import { exactly, type Figure, type Proof } from "./figure.ts";

const stallMs = 60_000;
const tasks = 4;

export const stalledWorkers: Proof = {
  name: "stalls",
  how: `Each stall lasts ${stallMs / 1_000} s. Redis: a worker is stopped (SIGSTOP) in ${tasks} tasks with a follow-up each, another one takes over, the first goes on; and a task blocks the event loop of an \`async\` pool while an idle worker is on the queue. SQLite: a worker is stopped in a task while another one works on.`,
  async run(tell) {
    const cases: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
      "Redis, threads": () => onRedis((world) => frozen(world, "threads")),
      "Redis, prefork": () => onRedis((world) => frozen(world, "prefork")),
      "Redis, async": () => onRedis(blocked),
      SQLite: () => inWorld((directory) => `sqlite://${directory}/celeriac.db`, kept),
    };
    // At once: they sleep most of the time.
    const figures = await Promise.all(
      Object.entries(cases).map(async ([name, run]) => {
        const found = await run();
        tell(`${name}: done`);
        return found.map((figure) => ({ ...figure, what: `${name}: ${figure.what}` }));
      }),
    );
    return figures.flat();
  },
};

async function frozen(world: FaultWorld, pool: "threads" | "prefork"): Promise<readonly Figure[]> {
  const seen = await takeOverFrozen(world, { tasks, stallMs, pool });
  const changed = seen.resultsAfter.filter((result, index) => result !== seen.resultsBefore[index]);
  return [
    exactly("late outcomes that settled", seen.frozen["task-succeeded"] ?? 0, 0),
    exactly("late outcomes told as lost", seen.frozen["task-lost"] ?? 0, tasks),
    exactly(`results changed by them, of ${seen.resultsBefore.length}`, changed.length, 0),
    exactly(`follow-ups run, of ${tasks}`, seen.followUpsAfter, tasks),
  ];
}

async function blocked(world: FaultWorld): Promise<readonly Figure[]> {
  const { ran, idle } = await blockEventLoop(world, { stallMs });
  return [
    exactly("runs of a task that blocks its event loop", ran.filter((what) => what === "begin").length, 1),
    exactly("tasks that came to the idle worker", idle["task-received"] ?? 0, 0),
  ];
}

async function kept(world: FaultWorld): Promise<readonly Figure[]> {
  const { ran, passed, frozen: counts } = await freezeHolder(world, { stallMs });
  return [
    exactly(`runs of the stopped worker's task, while ${passed} others passed it`, ran.filter((what) => what === "begin").length, 1),
    exactly("claims it lost", counts["task-lost"] ?? 0, 0),
  ];
}

async function onRedis(run: (world: FaultWorld) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  const server = await startRedis();
  try {
    return await inWorld(() => server.url, run);
  } finally {
    await server.stop();
  }
}

async function inWorld(broker: (directory: string) => string, run: (world: FaultWorld) => Promise<readonly Figure[]>) {
  const world = createFaultWorld(broker);
  try {
    return await run(world);
  } finally {
    await world.dispose();
  }
}
