/** Workers with nothing to do leave their broker alone: each is watched for a while, all at once. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createFaultWorld } from "../support/fault/world.ts";
import { observeSqlite, redisCommandsDuring, redisCommandsIn } from "../support/idle.ts";
import { startRedis } from "../support/redis-server.ts";

const queues = ["one", "two", "three", "four"];

it.concurrent("redis: an idle worker on 4 queues of 4 steps issues less than 5 commands a second, those inside scripts counted", async () => {
  // A server of its own: what it counts is one worker's.
  const server = await startRedis();
  const world = createFaultWorld(() => server.url);
  try {
    await world.startWorker({ options: { pool: "threads", concurrency: 1, queues } });
    for (const queue of queues) await world.client.mark.applyAsync([1, 0], { queue }).get();
    // Three beats of the worker's pulse.
    const { commands, seconds } = await redisCommandsIn(9_000, server.url);
    const count = [...commands.values()].reduce((sum, calls) => sum + calls, 0);
    expect(commands.get("hincrby"), "the pulse, which is made inside a script").toBeGreaterThanOrEqual(2);
    expect(count / seconds, JSON.stringify([...commands])).toBeLessThan(5);
  } finally {
    await world.dispose();
    await server.stop();
  }
}, 60_000);

it.concurrent("redis: a worker looks at what is parked for the message that is due first, not for each behind it", async () => {
  const server = await startRedis();
  const world = createFaultWorld(() => server.url);
  try {
    await world.startWorker({ options: { pool: "threads", concurrency: 1 } });
    const parked = 200;
    const commands = await redisCommandsDuring(async (client) => {
      for (let n = 0; n < parked; n += 1) await world.client.mark.applyAsync([n, 0], { countdown: "24h", ignoreResult: true });
      await eventually(async () => expect(await client.zcard("{celery}:delay")).toBe(parked));
    }, server.url);
    // In no other script.
    expect(commands.get("zrangebyscore") ?? 0, JSON.stringify([...commands])).toBeLessThan(parked / 20);
  } finally {
    await world.dispose();
    await server.stop();
  }
}, 60_000);

it.concurrent("sqlite: idle workers write nothing, though each looks whether the other lives", async () => {
  const world = createFaultWorld((directory) => `sqlite://${directory}/celeriac.db`);
  const path = `${world.directory}/celeriac.db`;
  try {
    for (const name of ["first", "second"]) {
      await world.startWorker({ options: { pool: "threads", concurrency: 1, queues, hostname: `${name}@here` } });
    }
    for (const queue of queues) await world.client.mark.applyAsync([1, 0], { queue }).get();
    const observer = observeSqlite(path);
    try {
      // The end of the work: each empties the log once.
      let last = "";
      await eventually(
        () => {
          const before = last;
          last = JSON.stringify(observer.look());
          return last === before;
        },
        { withinMs: 60_000, everyMs: 2_000 },
      );
      const before = observer.look();
      // Three rounds of the look for dead workers.
      await pause(6_000);
      expect(observer.look()).toEqual(before);
      // The observer would have seen it.
      await world.client.mark.applyAsync([2, 0], { queue: "one" }).get();
      expect(observer.look().version).not.toBe(before.version);
    } finally {
      observer.close();
    }
  } finally {
    await world.dispose();
  }
}, 120_000);
