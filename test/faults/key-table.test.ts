/** What a day's work and a killed worker leave in each store is what the tables of docs/internals.md say, and goes again. */
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { allLoadQueues, killWorkerMidway, loadQueues, sendMixedLoad, startLoadWorker } from "../support/fault/mixed-load.ts";
import { places } from "../support/fault/places.ts";
import { createFaultWorld } from "../support/fault/world.ts";
import { auditRabbitmq } from "../support/rabbitmq-audit.ts";
import { startRabbitmq } from "../support/rabbitmq-server.ts";
import { auditRedis } from "../support/redis-audit.ts";
import { auditSqlite } from "../support/sqlite-audit.ts";

const patience = { withinMs: 60_000, everyMs: 100 };

it("redis: 10,000 tasks and a killed worker leave only keys of the table, and an emptied system holds 20 at most", async () => {
  const world = createFaultWorld(await places.redis());
  const client = new Redis(world.environment["CELERY_BROKER_URL"]!, { protocol: 2 });
  const audit = async () => {
    const { problems, ...found } = await auditRedis(client, allLoadQueues);
    expect(problems).toEqual([]);
    return found;
  };
  try {
    const load = await sendMixedLoad(world, 10_000);
    await killWorkerMidway(world);
    // Its claims are still there, under an incarnation that nobody has declared dead yet.
    expect((await audit()).counts.get("{<list>}:c:<incarnation>")).toBe(4 * loadQueues.length);

    const workers = [await startLoadWorker(world, "first"), await startLoadWorker(world, "second")];
    await load.ended();
    await eventually(async () => expect(await client.hlen("{celeriac}:pulses")).toBe(2), patience);
    const { counts, incarnations } = await audit();
    expect(counts.get("celery-task-meta-<task>")).toBeGreaterThan(8_000);
    expect(counts.get("{<list>}:pub:<tag>")).toBe(load.guarded);
    // Every claim hash belongs to somebody who lives; whatever is parked has its body, and no body is without.
    expect(incarnations).toEqual(new Set(await client.hkeys("{celeriac}:pulses")));
    const bodies = (await client.hkeys("unacked")).sort();
    expect((await parkedTags(client)).sort()).toEqual(bodies);
    expect((await client.zrange("unacked_index", "0", "-1")).sort()).toEqual(bodies);

    for (const worker of workers) await worker.stop();
    await load.clear();
    await startLoadWorker(world, "last", loadQueues.slice(0, 1));
    // What lives for ten minutes more goes now, as if they were over.
    for (const key of await client.keys("*:pub:*")) await client.pexpire(key, 1);
    await eventually(async () => expect(await client.keys("*:pub:*")).toEqual([]));
    const { keys } = await audit();
    expect(keys.length, keys.join("\n")).toBeLessThanOrEqual(20);
  } finally {
    client.disconnect();
    await world.dispose();
  }
}, 300_000);

async function parkedTags(client: Redis): Promise<string[]> {
  const tags: string[] = [];
  for (const key of await client.keys("*:delay")) tags.push(...(await client.zrange(key, "0", "-1")));
  return tags;
}

it("sqlite: 1,000 tasks and a killed worker leave only tables and files of the table, and no row of their own", async () => {
  const world = createFaultWorld(await places.sqlite());
  const path = join(world.directory, "celeriac.db");
  const audit = () => {
    const { problems, ...found } = auditSqlite(path);
    expect(problems).toEqual([]);
    return found;
  };
  try {
    const load = await sendMixedLoad(world, 1_000);
    await killWorkerMidway(world);
    expect(audit().rows.get("worker")).toBe(1);

    const workers = [await startLoadWorker(world, "first"), await startLoadWorker(world, "second")];
    await load.ended();
    const { rows, files } = audit();
    expect(rows.get("worker")).toBe(2);
    expect(rows.get("publication")).toBe(load.guarded);
    // A lock and its journal for each, and none of the killed one's.
    expect(files.filter((name) => name.includes("-workers/"))).toHaveLength(4);

    for (const worker of workers) await worker.stop();
    await load.clear();
    await startLoadWorker(world, "last", loadQueues.slice(0, 1));
    const emptied = audit();
    expect(Object.fromEntries([...emptied.rows].filter(([name]) => name !== "publication"))).toEqual({
      celeriac: 1,
      message: 0,
      worker: 1,
      result: 0,
      lease: 0,
      fence: 1,
      reservation: 0,
      sqlite_sequence: 2,
    });
    expect(emptied.files).toHaveLength(6);
  } finally {
    await world.dispose();
  }
}, 300_000);

it("rabbitmq: 1,000 tasks and a killed worker leave only queues and exchanges of the table", async () => {
  const server = await startRabbitmq();
  const vhost = "here";
  const url = await server.vhost(vhost);
  const world = createFaultWorld(() => url);
  const audit = async () => {
    const { problems, queues } = await auditRabbitmq(server, vhost, allLoadQueues);
    expect(problems).toEqual([]);
    return queues;
  };
  try {
    const load = await sendMixedLoad(world, 1_000);
    await killWorkerMidway(world);
    await audit();

    const workers = [await startLoadWorker(world, "first"), await startLoadWorker(world, "second")];
    await load.ended();
    for (const worker of workers) await worker.stop();
    const queues = await eventually(async () => {
      const found = await audit();
      expect(found.get("celeriac.begun.<hash>")).toBeUndefined();
      return found;
    }, patience);
    expect(queues.get("<queue>")).toBe(allLoadQueues.length);
    expect(queues.get("celery_delayed_<level>")).toBe(28);
    // The caller's own, and that of the killed worker, which goes when its time is over.
    expect(queues.get("<reply>")).toBe(2);
  } finally {
    await world.dispose();
    await server.stop();
  }
}, 300_000);
