/** What a day's work and a killed worker leave in each store is what the tables of docs/internals.md say, and goes again. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { allLoadQueues, killWorkerMidway, loadQueues, sendMixedLoad, startLoadWorker } from "../support/fault/mixed-load.ts";
import { places } from "../support/fault/places.ts";
import { leaveKeys } from "../support/fault/redis-leavings.ts";
import { createFaultWorld, missedSoon } from "../support/fault/world.ts";
import { auditRabbitmq } from "../support/rabbitmq-audit.ts";
import { amqpNode } from "../support/servers.ts";
import { auditSqlite } from "../support/sqlite-audit.ts";

const patience = { withinMs: 60_000, everyMs: 100 };

it.concurrent("redis: 10,000 tasks and a killed worker leave only keys of the table, and an emptied system holds 20 at most", async () => {
  const world = createFaultWorld(await places.redis(), {}, missedSoon);
  try {
    const seen = await leaveKeys(world, 10_000);
    expect(seen.killed.problems).toEqual([]);
    expect(seen.killed.counts.get("{<list>}:c:<incarnation>")).toBe(4 * loadQueues.length);

    expect(seen.worked.problems).toEqual([]);
    expect(seen.worked.counts.get("celery-task-meta-<task>")).toBeGreaterThan(8_000);
    expect(seen.worked.counts.get("{<list>}:pub:<tag>")).toBe(seen.guarded);
    // Every claim hash belongs to somebody who lives; whatever is parked has its body, and no body is without.
    expect(seen.worked.incarnations).toEqual(new Set(seen.living));
    expect([...seen.bodies].sort()).toEqual([...seen.parked].sort());
    expect([...seen.instants].sort()).toEqual([...seen.parked].sort());

    expect(seen.emptied.problems).toEqual([]);
    expect(seen.emptied.keys.length, seen.emptied.keys.join("\n")).toBeLessThanOrEqual(20);
  } finally {
    await world.dispose();
  }
}, 300_000);

it.concurrent("sqlite: 1,000 tasks and a killed worker leave only tables and files of the table, and no row of their own", async () => {
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
    // Its consumer, and its mailbox.
    expect(audit().rows.get("worker")).toBe(2);

    const workers = [await startLoadWorker(world, "first"), await startLoadWorker(world, "second")];
    await load.ended();
    const { rows, files } = audit();
    expect(rows.get("worker")).toBe(4);
    expect(rows.get("publication")).toBe(load.guarded);
    // A lock and its journal for each, and none of the killed one's.
    expect(files.filter((name) => name.includes("-workers/"))).toHaveLength(8);

    for (const worker of workers) await worker.stop();
    await load.clear();
    await startLoadWorker(world, "last", loadQueues.slice(0, 1));
    // For a second it hears who tells it what is revoked.
    await eventually(() => expect(audit().rows.get("ear")).toBe(1));
    const emptied = audit();
    const shortLived = ["publication", "bucket", "broadcast"];
    expect(Object.fromEntries([...emptied.rows].filter(([name]) => !shortLived.includes(name)))).toEqual({
      celeriac: 1,
      message: 0,
      worker: 2,
      result: 0,
      lease: 0,
      fence: 1,
      reservation: 0,
      slot: 0,
      binding: 0,
      paused: 0,
      ear: 1,
      chord: 0,
      part: 0,
      sqlite_sequence: 3,
    });
    expect(emptied.files).toHaveLength(8);
  } finally {
    await world.dispose();
  }
}, 300_000);

it.concurrent("rabbitmq: 1,000 tasks and a killed worker leave only queues and exchanges of the table", async () => {
  const server = await amqpNode();
  const vhost = "key-table";
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
    // The caller's own: workers answer, and have none.
    expect(queues.get("<reply>")).toBe(1);
  } finally {
    await world.dispose();
  }
}, 300_000);
