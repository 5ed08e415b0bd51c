/** Tasks that are sent without end while something breaks: which of them were confirmed, and from when on they run again. */
import { setTimeout as pause } from "node:timers/promises";
import type { FaultWorld } from "./world.ts";

export interface Load {
  start(): void;
  /** Whether a task that was sent after this moment has begun, or has ended. */
  sentSince(at: number, what: "begin" | "end"): boolean;
  /** number of the task → when it was confirmed */
  readonly confirmed: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

/** So many are sent at a time; each is sent when the one before it was answered. */
const senders = 4;
const pauseMs = 20;

export function createLoad({ client, ledger }: FaultWorld): Load {
  const sentAt: number[] = [];
  const confirmed = new Map<number, number>();
  let stopped = false;
  let running: Promise<unknown> = Promise.resolve();

  async function send(): Promise<void> {
    while (!stopped) {
      const n = sentAt.push(performance.now()) - 1;
      await client.mark
        .applyAsync([n, 0], { ignoreResult: true })
        .then(() => confirmed.set(n, performance.now()))
        // Not confirmed: it may run or not.
        .catch(() => {});
      await pause(pauseMs);
    }
  }
  return {
    confirmed,
    start() {
      running = Promise.all(Array.from({ length: senders }, send));
    },
    sentSince(at, wanted) {
      const first = sentAt.findIndex((sent) => sent >= at);
      return first >= 0 && ledger().some(({ what, n }) => what === wanted && n >= first);
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}
