/** A day of a Redis database in one go: much work, a killed worker, its recovery, and all of it gone again; what lies there is looked at in between. */
import { Redis } from "ioredis";
import { eventually } from "../eventually.ts";
import { auditRedis, type RedisAudit } from "../redis-audit.ts";
import { allLoadQueues, killWorkerMidway, loadQueues, sendMixedLoad, startLoadWorker } from "./mixed-load.ts";
import type { FaultWorld } from "./world.ts";

export interface RedisLeavings {
  /** a worker was killed, and nobody has declared it dead yet */
  readonly killed: RedisAudit;
  /** all is done, the dead one is recovered, two workers are idle */
  readonly worked: RedisAudit;
  /** at that moment: who lives, what is parked, and the bodies and instants that are kept for it */
  readonly living: readonly string[];
  readonly parked: readonly string[];
  readonly bodies: readonly string[];
  readonly instants: readonly string[];
  /** publishes with an id of the caller's own */
  readonly guarded: number;
  /** results are forgotten, queues purged, guards over; one worker is on one queue */
  readonly emptied: RedisAudit;
}

/** The world's broker is an empty database. */
export async function leaveKeys(world: FaultWorld, tasks: number): Promise<RedisLeavings> {
  const client = new Redis(world.broker, { protocol: 2 });
  const audit = () => auditRedis(client, allLoadQueues);
  try {
    const load = await sendMixedLoad(world, tasks);
    await killWorkerMidway(world);
    const killed = await audit();

    const workers = [await startLoadWorker(world, "first"), await startLoadWorker(world, "second")];
    await load.ended();
    await eventually(async () => (await client.hlen("{celeriac}:pulses")) === workers.length, { withinMs: 60_000, everyMs: 100 });
    const worked = await audit();
    const [living, parked] = [await client.hkeys("{celeriac}:pulses"), await parkedTags(client)];
    const [bodies, instants] = [await client.hkeys("unacked"), await client.zrange("unacked_index", "0", "-1")];

    for (const worker of workers) await worker.stop();
    await load.clear();
    await startLoadWorker(world, "last", loadQueues.slice(0, 1));
    // What lives for ten minutes more goes now, as if they were over.
    for (const key of await client.keys("*:pub:*")) await client.pexpire(key, 1);
    await eventually(async () => (await client.keys("*:pub:*")).length === 0);
    return { killed, worked, living, parked, bodies, instants, guarded: load.guarded, emptied: await audit() };
  } finally {
    client.disconnect();
  }
}

async function parkedTags(client: Redis): Promise<readonly string[]> {
  const tags: string[] = [];
  for (const key of await client.keys("*:delay")) tags.push(...(await client.zrange(key, "0", "-1")));
  return tags;
}
