/** What workers with nothing to do cost: processor time of their whole process tree on each broker, Redis commands, SQLite commits. */
import { setTimeout as pause } from "node:timers/promises";
import { cpuMsOf } from "../../bench/process-tree.ts";
import { createFaultWorld, type FaultWorld } from "../support/fault/world.ts";
import { observeSqlite, redisCommandsIn } from "../support/idle.ts";
import { startRabbitmq } from "../support/rabbitmq-server.ts";
import { startRedis } from "../support/redis-server.ts";
import { below, exactly, type Figure, type Proof } from "./figure.ts";

const queues = ["one", "two", "three", "four"];
/** After its last task a process tidies its heap once. */
const settleMs = 30_000;
const windowMs = 30_000;
const windows = 3;

export const idleWorkers: Proof = {
  name: "idle",
  how: `A worker with two child processes on each broker, all three at once, on 4 queues (of 4 priority steps on Redis). After some tasks and ${settleMs / 1_000} s of rest: ${windows} windows of ${windowMs / 1_000} s.`,
  async run(tell) {
    const [redis, rabbitmq] = [await startRedis(), await startRabbitmq()];
    const worlds = {
      SQLite: createFaultWorld((directory) => `sqlite://${directory}/celeriac.db`),
      Redis: createFaultWorld(() => redis.url),
      RabbitMQ: createFaultWorld(() => rabbitmq.url),
    };
    try {
      const workers = await Promise.all(Object.entries(worlds).map(async ([broker, world]) => ({ broker, pid: await startRested(world) })));
      await pause(settleMs);
      return await watch(workers, { redisUrl: redis.url, sqlitePath: `${worlds.SQLite.directory}/celeriac.db`, tell });
    } finally {
      await Promise.all(Object.values(worlds).map((world) => world.dispose()));
      await Promise.all([redis.stop(), rabbitmq.stop()]);
    }
  },
};

interface IdleWorker {
  readonly broker: string;
  readonly pid: number;
}

/** A worker that has had something to do; gives its pid. */
async function startRested(world: FaultWorld): Promise<number> {
  const { pid } = await world.startWorker({ options: { pool: "prefork", concurrency: 2, queues } });
  for (const queue of queues) await world.client.mark.applyAsync([1, 0], { queue }).get();
  // A caller that is gone wants nothing of the store any more.
  await world.client.app.close();
  return pid;
}

interface Surroundings {
  readonly redisUrl: string;
  readonly sqlitePath: string;
  tell(line: string): void;
}

async function watch(workers: readonly IdleWorker[], { redisUrl, sqlitePath, tell }: Surroundings): Promise<readonly Figure[]> {
  const observer = observeSqlite(sqlitePath);
  try {
    const traces = JSON.stringify(observer.look());
    const commands: number[] = [];
    const percents = workers.map((): number[] => []);
    for (let window = 0; window < windows; window++) {
      const before = workers.map(({ pid }) => cpuMsOf([pid]));
      const counted = await redisCommandsIn(windowMs, redisUrl);
      commands.push([...counted.commands.values()].reduce((sum, calls) => sum + calls, 0) / counted.seconds);
      for (const [index, { pid }] of workers.entries()) percents[index]!.push(((cpuMsOf([pid]) - before[index]!) / windowMs) * 100);
      tell(workers.map(({ broker }, index) => `${broker} ${percents[index]!.at(-1)!.toFixed(2)} %`).join(", "));
    }
    const wrote = JSON.stringify(observer.look()) !== traces;
    return [
      ...workers.map(({ broker }, index) => below(`idle worker on ${broker}, of a core`, percents[index]!, 1, " %")),
      below("idle worker on Redis, commands a second", commands, 5, ""),
      exactly(`idle worker on SQLite, commits in ${(windows * windowMs) / 1_000} s`, wrote ? "some" : "none", "none"),
    ];
  } finally {
    observer.close();
  }
}
