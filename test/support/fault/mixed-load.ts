/** Tasks of every kind on several queues, leases, and a worker killed among them: what may leave something behind in a store. */
import { randomUUID } from "node:crypto";
import type { AsyncResult } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { eventually } from "../eventually.ts";
import type { FaultClient, FaultWorker, FaultWorld } from "./world.ts";

/** The last one has a hash tag of its own. */
export const loadQueues = ["celery", "mail", "{eu}jobs"] as const;
const lettersOf = (queue: string) => `${queue}.dead`;
/** with those of their dead letters */
export const allLoadQueues: readonly string[] = loadQueues.flatMap((queue) => [queue, lettersOf(queue)]);

export interface MixedLoad {
  /** how many were sent with an id of the caller's own */
  readonly guarded: number;
  /** Resolves when all tasks that may run have run, and the unknown ones are dead letters. */
  ended(): Promise<void>;
  /** Forgets every result, those of follow-ups included; purges dead letters and what is parked for later; gives back what was reserved. */
  clear(): Promise<void>;
}

const [slow, retried, unknown, forLater] = [8, 100, 20, 20];
const sentAtOnce = 1_000;
const patience = { withinMs: 240_000, everyMs: 200 };

/** Sends tasks, of which `count` will run: each is known by a number from 0. */
export async function sendMixedLoad({ client, ledger }: FaultWorld, count: number): Promise<MixedLoad> {
  const runtime = runtimeOf(client.app)!;
  const { broker } = await runtime.links();
  const coordinator = await runtime.coordinator("the load").catch((error: { code: string }) => {
    if (error.code !== "COORDINATOR_MISSING") throw error;
    return null;
  });
  const lease = await coordinator?.lease("leader", 600_000);
  await coordinator?.reserve("once", "us", 600_000);
  await coordinator?.take("rate", 1, { limit: 1, perMs: 600_000 });
  const quick = count - slow - retried;
  const results = await sendAll(client, quick);

  async function letters(): Promise<number> {
    const lengths = await Promise.all(loadQueues.map((queue) => broker.queues.length(lettersOf(queue))));
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  return {
    guarded: numbers(quick).filter(isGuarded).length,
    async ended() {
      const linked = numbers(quick).filter(hasFollowUp).length;
      await eventually(() => {
        const lines = ledger();
        const ended = new Set(lines.filter(({ what }) => what === "end").map(({ n }) => n));
        return ended.size === count && lines.filter(({ what }) => what === "after").length >= linked;
      }, patience);
      await eventually(async () => (await letters()) >= unknown, patience);
    },
    async clear() {
      const children = await Promise.all(results.map((result) => result.children()));
      await Promise.all([...results, ...children.flat()].map((result) => result.forget()));
      for (const queue of allLoadQueues) await broker.queues.purge(queue);
      await lease?.release();
      await coordinator?.release("once", "us");
    },
  };
}

const isGuarded = (n: number) => n % 100 === 2;
const hasFollowUp = (n: number) => n % 100 === 3;
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const queueOf = (n: number) => loadQueues[n % loadQueues.length]!;

/** Gives the results of all but what is sent for later. */
async function sendAll({ app, mark, flaky, after }: FaultClient, quick: number): Promise<readonly AsyncResult<unknown>[]> {
  const quickOptions = (n: number) => ({
    queue: queueOf(n),
    ...(n % 11 < 10 ? { priority: (n % 11) as 0 } : {}),
    ...(n % 50 === 1 ? { countdown: 1 + (n % 3) / 2 } : {}),
    ...(isGuarded(n) ? { taskId: randomUUID() } : {}),
    ...(hasFollowUp(n) ? { link: after.s() } : {}),
    ...(n % 10 === 4 ? { ignoreResult: true } : {}),
  });
  // The slow ones first, at the head of their queues: the worker to be killed has them.
  const results = [
    await inWaves(slow, (n) => mark.applyAsync([quick + n, 500], { queue: queueOf(n), priority: 9 })),
    await inWaves(quick, (n) => mark.applyAsync([n, 0], quickOptions(n))),
    await inWaves(retried, (n) => flaky.applyAsync([quick + slow + n, 1], { queue: queueOf(n) })),
    await inWaves(unknown, (n) => app.sendTask("fault.unknown", [n], { queue: queueOf(n) })),
  ];
  await inWaves(forLater, (n) => mark.applyAsync([-1 - n, 0], { queue: queueOf(n), countdown: "1h" }));
  return results.flat();
}

async function inWaves<T>(count: number, one: (n: number) => Promise<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for (let from = 0; from < count; from += sentAtOnce) {
    all.push(...(await Promise.all(numbers(Math.min(sentAtOnce, count - from)).map((n) => one(from + n)))));
  }
  return all;
}

/** Starts a worker, and kills it with -9 while it runs tasks and has claimed more. */
export async function killWorkerMidway(world: FaultWorld): Promise<void> {
  const doomed = await startLoadWorker(world, "doomed");
  await eventually(() => world.ledger().some(({ pid }) => pid === doomed.pid));
  doomed.process.kill("SIGKILL");
  await doomed.ended;
}

export function startLoadWorker(world: FaultWorld, name: string, queues: readonly string[] = loadQueues): Promise<FaultWorker> {
  return world.startWorker({ options: { pool: "threads", concurrency: 2, hostname: `${name}@here`, queues } });
}
