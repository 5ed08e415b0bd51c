/** Busy workers that are told to stop, each as the next one starts, until all tasks have run. Tells what was seen; whoever asked judges it. */
import type { WorkerOptions } from "@celeriac/worker";
import { eventually } from "../eventually.ts";
import type { FaultWorker, FaultWorld } from "./world.ts";

export interface DeployPlan {
  readonly stops: number;
  readonly tasks: number;
  /** one task in so many takes `longMs`, the first one to begin with */
  readonly longEvery: number;
  readonly taskMs: number;
  /** longer than `graceMs`: what is stopped in it begins again */
  readonly longMs: number;
  readonly graceMs: number;
}

export interface Deploys {
  /** of each stop, the last one of an idle worker included: an exit code, or null when a signal ended it */
  readonly exits: readonly (number | null)[];
  /** SIGTERM until the process was gone, of the busy ones */
  readonly stopMs: readonly number[];
  /** what all workers counted, e.g. "task-succeeded" */
  readonly counts: Readonly<Record<string, number>>;
  /** tasks that ended */
  readonly ran: number;
  /** runs that began with `retries` above 0 */
  readonly retried: number;
  /** tasks that began more than once */
  readonly begunAgain: number;
  /** how often the one began that began most often */
  readonly mostBegins: number;
}

const slots = 4;
const sentAtOnce = 500;
const patience = { withinMs: 120_000, everyMs: 50 };

/** A worker of the world should let no message begin twice that counts: give it `maxDeliveries: 1`. */
export async function deployOften(world: FaultWorld, plan: DeployPlan, tell: (line: string) => void = () => {}): Promise<Deploys> {
  const { stops, tasks, longEvery, taskMs, longMs, graceMs } = plan;
  const isLong = (n: number) => n % longEvery === 0;
  const options: WorkerOptions = { pool: "prefork", concurrency: 2, slots, grace: `${graceMs}ms` };
  const start = (n: number) => world.startWorker({ options: { ...options, hostname: `deploy${n}@here` } });
  const stopped: { readonly code: number | null; readonly ms: number; readonly counts: Readonly<Record<string, number>> }[] = [];
  const stop = async (worker: FaultWorker) => {
    const askedAt = performance.now();
    const counts = await worker.stop();
    stopped.push({ code: worker.process.exitCode, ms: performance.now() - askedAt, counts });
  };

  let worker = await start(0);
  for (let n = 0; n < tasks; n += sentAtOnce) await send(n, Math.min(n + sentAtOnce, tasks));
  for (let n = 1; n <= stops; n += 1) {
    // Some are left when the last one is stopped, and no stop comes before its share is done.
    await eventually(() => isBusy(worker, Math.floor((tasks * n) / (stops + 5))), patience);
    [worker] = await Promise.all([start(n), stop(worker)]);
    if (n % 10 === 0) tell(`${n} stops, the last one took ${stopped.at(-1)?.ms.toFixed(0)} ms`);
  }
  await eventually(() => ends().size === tasks, patience);
  await stop(worker);

  async function send(from: number, to: number): Promise<void> {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    await Promise.all(numbers.map((n) => world.client.mark.applyAsync([n, isLong(n) ? longMs : taskMs], { ignoreResult: true })));
  }

  function ends(): ReadonlySet<number> {
    return new Set(
      world
        .ledger()
        .filter(({ what }) => what === "end")
        .map(({ n }) => n),
    );
  }

  /** It runs something that it cannot end within its grace, unless that began long before. */
  function isBusy(one: FaultWorker, done: number): boolean {
    const ended = ends();
    const own = new Set(one.children());
    return ended.size >= done && world.ledger().some(({ n, pid }) => isLong(n) && own.has(pid) && !ended.has(n));
  }

  const lines = world.ledger();
  const begins = new Map<number, number>();
  for (const { what, n } of lines) if (what === "begin") begins.set(n, (begins.get(n) ?? 0) + 1);
  const counts: Record<string, number> = {};
  for (const each of stopped) for (const [name, count] of Object.entries(each.counts)) counts[name] = (counts[name] ?? 0) + count;
  return {
    exits: stopped.map(({ code }) => code),
    stopMs: stopped.slice(0, stops).map(({ ms }) => ms),
    counts,
    ran: ends().size,
    retried: lines.filter(({ retries }) => retries > 0).length,
    begunAgain: [...begins.values()].filter((times) => times > 1).length,
    mostBegins: Math.max(...begins.values()),
  };
}
