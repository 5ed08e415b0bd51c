/** Kills the primary of a set of sentinels again and again while tasks are sent and run; tells when work went on, and what became of each confirmed task. */
import { Redis } from "ioredis";
import { eventually } from "../eventually.ts";
import { primaryName, type SentinelSet } from "../redis-sentinel.ts";
import type { RedisServer } from "../redis-server.ts";
import { createLoad, type Load } from "./load.ts";
import { createFaultWorld, type FaultWorld } from "./world.ts";

export interface FailoverRound {
  /** from the kill until a server says that it is the primary, ms: sentinels decide it */
  readonly electedMs: number;
  /** from then until a task has begun that was sent after it, ms */
  readonly consumingMs: number;
}

export interface FailoverRecord {
  readonly rounds: readonly FailoverRound[];
  readonly confirmed: number;
  /** confirmed, and never run: no replica had them when the primary was killed */
  readonly lostUnreplicated: number;
  /** confirmed and never run, although the replica had said that it has them */
  readonly lostReplicated: number;
  readonly ranTwice: number;
}

const patience = { withinMs: 60_000, everyMs: 20 };
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const pauseMs = 20;
/** The load between a rejoined replica and the next kill. */
const steadyMs = 1_000;

export async function killPrimaries(set: SentinelSet, count: number, tell: (line: string) => void): Promise<FailoverRecord> {
  const world = createFaultWorld(() => `${set.url()}?master_name=${primaryName}`);
  const load = createLoad(world);
  try {
    for (const name of ["first", "second"]) {
      await world.startWorker({ options: { pool: "threads", concurrency: 2, hostname: `${name}@here` } });
    }
    load.start();
    const rounds: FailoverRound[] = [];
    const losses: Loss[] = [];
    for (let round = 1; round <= count; round++) {
      const { killed, ...times } = await oneRound(set, load, losses);
      rounds.push(times);
      tell(`${round}: elected after ${times.electedMs.toFixed(0)} ms, consuming ${times.consumingMs.toFixed(0)} ms later`);
      await set.rejoin(killed);
    }
    await load.stop();
    return { rounds, ...(await accounts(world, load, losses)) };
  } finally {
    await load.stop();
    await world.dispose();
  }
}

/** What a kill may have cost: what was confirmed since the replica was last seen to have everything. */
interface Loss {
  readonly safeAt: number;
  readonly killedAt: number;
}

async function oneRound(set: SentinelSet, load: Load, losses: Loss[]) {
  const primary = await set.promoted();
  const marks = watchReplication(primary);
  await pause(steadyMs);
  await eventually(() => marks.safeAt > 0, patience);
  const killedAt = performance.now();
  const safeAt = marks.safeAt;
  const killed = await set.killPrimary();
  marks.stop();
  losses.push({ safeAt, killedAt });
  await set.promoted();
  const promotedAt = performance.now();
  await eventually(() => load.sentSince(promotedAt, "begin"), patience);
  return { killed, electedMs: promotedAt - killedAt, consumingMs: performance.now() - promotedAt };
}

/** Asks again and again whether the replica has what the primary has: what was confirmed before such a question was asked is safe. */
function watchReplication(primary: RedisServer) {
  const client = new Redis({ host: "127.0.0.1", port: primary.port, db: 1, protocol: 2, retryStrategy: () => null });
  client.on("error", () => {});
  let stopped = false;
  const watch = {
    safeAt: 0,
    stop() {
      stopped = true;
      client.disconnect();
    },
  };
  void (async () => {
    while (!stopped) {
      const askedAt = performance.now();
      // WAIT speaks of the writes of its own connection, which come behind all that was confirmed before.
      await client.set("mark", askedAt);
      if ((await client.wait(1, 1_000)) >= 1) watch.safeAt = askedAt;
      await pause(pauseMs);
    }
  })().catch(() => {});
  return watch;
}

async function accounts(world: FaultWorld, { confirmed }: Load, losses: readonly Loss[]) {
  const isExplained = (at: number) => losses.some(({ safeAt, killedAt }) => at >= safeAt && at <= killedAt + confirmationMs);
  const ends = () => world.ledger().filter(({ what }) => what === "end");
  const missing = () => {
    const ended = new Set(ends().map(({ n }) => n));
    return [...confirmed].filter(([n]) => !ended.has(n));
  };
  await eventually(() => missing().every(([, at]) => isExplained(at)), patience).catch(() => {});
  const lost = missing();
  const lostReplicated = lost.filter(([, at]) => !isExplained(at)).length;
  const runs = ends().map(({ n }) => n);
  return {
    confirmed: confirmed.size,
    lostReplicated,
    lostUnreplicated: lost.length - lostReplicated,
    ranTwice: runs.length - new Set(runs).size,
  };
}

/** An answer that the primary gave in its last moment may be read a little later. */
const confirmationMs = 100;
