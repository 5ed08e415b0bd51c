/** Breaks a broker under load again and again; tells how soon tasks ran after each of its returns, and what became of those that were confirmed. */
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../eventually.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { createLoad, type Load } from "./load.ts";
import { createFaultWorld } from "./world.ts";

/** A broker that can be stopped and started. */
export interface BreakableBroker {
  readonly url: string;
  restart(options: { readonly hard: boolean }): Promise<void>;
}

export interface Breaks {
  readonly restarts: number;
  /** Times of a network that swallows everything and closes nothing. */
  readonly silencesMs: readonly number[];
}

export interface ReturnRecord {
  /** from when it accepts connections until a task has run that was sent after it, ms */
  readonly afterRestartMs: readonly number[];
  readonly afterSilenceMs: readonly number[];
  readonly confirmed: number;
  readonly lost: number;
  readonly ranTwice: number;
}

const patience = { withinMs: 90_000, everyMs: 20 };
/** The load between two breaks. */
const steadyMs = 500;

export async function breakAndReturn(
  broker: BreakableBroker,
  { restarts, silencesMs }: Breaks,
  tell: (line: string) => void,
): Promise<ReturnRecord> {
  const proxy = await startTcpProxy(Number(new URL(broker.url).port));
  const world = createFaultWorld(() => Object.assign(new URL(broker.url), { port: String(proxy.port) }).href);
  const load = createLoad(world);
  try {
    for (const name of ["first", "second"])
      await world.startWorker({ options: { pool: "threads", concurrency: 2, hostname: `${name}@here` } });
    load.start();
    const afterRestartMs: number[] = [];
    for (let n = 1; n <= restarts; n += 1) {
      // In turns as an operator does it, and as a crash does.
      afterRestartMs.push(await returned(load, () => broker.restart({ hard: n % 2 === 0 })));
      tell(`restart ${n}: tasks ran after ${afterRestartMs.at(-1)!.toFixed(0)} ms`);
    }
    const afterSilenceMs: number[] = [];
    for (const silenceMs of silencesMs) {
      afterSilenceMs.push(await returned(load, () => fallSilent(proxy, silenceMs)));
      tell(`silence of ${silenceMs / 1_000} s: tasks ran after ${afterSilenceMs.at(-1)!.toFixed(0)} ms`);
    }
    await load.stop();
    const ended = () => world.ledger().filter(({ what }) => what === "end");
    const missing = () => {
      const numbers = new Set(ended().map(({ n }) => n));
      return [...load.confirmed.keys()].filter((n) => !numbers.has(n));
    };
    await eventually(() => missing().length === 0, patience).catch(() => {});
    const runs = ended().map(({ n }) => n);
    return {
      ...{ afterRestartMs, afterSilenceMs },
      confirmed: load.confirmed.size,
      lost: missing().length,
      ranTwice: runs.length - new Set(runs).size,
    };
  } finally {
    await load.stop();
    await world.dispose();
    await proxy.close();
  }
}

async function returned(load: Load, breakOnce: () => Promise<void>): Promise<number> {
  await pause(steadyMs);
  await breakOnce();
  const backAt = performance.now();
  await eventually(() => load.sentSince(backAt, "end"), patience);
  return performance.now() - backAt;
}

async function fallSilent(proxy: TcpProxy, silenceMs: number): Promise<void> {
  proxy.stall();
  await pause(silenceMs);
  proxy.resume();
}
