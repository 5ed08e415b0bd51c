/** Tasks at a steady pace, numbered, and who of them has ended: the ledger says it, whatever workers and brokers believe. */
import { setTimeout as pause } from "node:timers/promises";
import type { FaultWorld } from "../../support/fault/world.ts";
import { queues } from "./places.ts";

export interface Load {
  /** Sends `count` tasks, `rate` a second; gives the pace that was held. */
  send(count: number, rate: number): Promise<number>;
  /** Resolves when all have ended whose send was confirmed, or after two minutes in which none has. */
  ended(): Promise<{ readonly missing: number; readonly repeated: number }>;
  sent(): number;
  /** sends that were rejected: the broker may have them or not */
  refused(): number;
}

const quietMs = 120_000;

export function createLoad({ client, ledger }: FaultWorld): Load {
  const confirmed = new Set<number>();
  let next = 0;
  let refused = 0;

  async function sendOne(n: number): Promise<void> {
    try {
      await client.steady.applyAsync([n], { queue: queues[Math.floor(n / 40) % queues.length]! });
      confirmed.add(n);
    } catch {
      refused += 1;
    }
  }

  return {
    sent: () => confirmed.size,
    refused: () => refused,
    async send(count, rate) {
      const startedAt = performance.now();
      const underWay: Promise<void>[] = [];
      for (let n = 0; n < count; n += 1) {
        const waitMs = startedAt + (n * 1_000) / rate - performance.now();
        if (waitMs > 0) await pause(waitMs);
        underWay.push(sendOne(next++));
      }
      await Promise.all(underWay);
      return count / ((performance.now() - startedAt) / 1_000);
    },
    async ended() {
      let seen = look();
      let lessAt = performance.now();
      while (seen.missing > 0 && performance.now() - lessAt < quietMs) {
        await pause(1_000);
        const now = look();
        if (now.missing < seen.missing) lessAt = performance.now();
        seen = now;
      }
      return seen;
    },
  };

  function look() {
    const lines = ledger();
    const ended = new Set(lines.map(({ n }) => n));
    return { missing: [...confirmed].filter((n) => !ended.has(n)).length, repeated: lines.length - ended.size };
  }
}
