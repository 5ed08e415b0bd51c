/** The live exchanges this process listens to: up to where each was heard, and the row that makes others write for us and wake us. */
import type { HeardMessage } from "./operation.ts";
import type { Tables } from "./tables.ts";
import type { Turn } from "./turn.ts";

export interface Subscriptions {
  readonly count: number;
  /** From its commit on `subscriber` hears what is told. */
  open(turn: Turn, subscriber: number, exchange: string): void;
  close(turn: Turn, subscriber: number): void;
  leave(turn: Turn): void;
  /** What was told since the last call. */
  heard(now: number): readonly HeardMessage[];
}

interface Ear {
  readonly exchange: string;
  heard: number;
}

export function createSubscriptions({ broadcasts, workers, locks }: Tables): Subscriptions {
  const ears = new Map<number, Ear>();
  let presence: number | null = null;

  function enter(turn: Turn): void {
    const inc = workers.register("listener");
    workers.mark(inc, "listening", true);
    presence = inc;
    turn.onRollback.push(() => {
      presence = null;
      locks.release(inc);
    });
  }

  function leave(turn: Turn): void {
    const inc = presence;
    if (inc === null) return;
    presence = null;
    workers.remove(inc);
    turn.onRollback.push(() => {
      presence = inc;
    });
    turn.onCommit.push(() => locks.release(inc));
  }

  return {
    get count() {
      return ears.size;
    },
    open(turn, subscriber, exchange) {
      if (presence === null) enter(turn);
      const ear: Ear = { exchange, heard: broadcasts.last() };
      turn.onCommit.push(() => ears.set(subscriber, ear));
    },
    close(turn, subscriber) {
      ears.delete(subscriber);
      if (ears.size === 0) leave(turn);
    },
    leave,
    heard(now) {
      const all: HeardMessage[] = [];
      for (const [subscriber, ear] of ears) {
        for (const { id, routingKey, raw } of broadcasts.after(ear.exchange, ear.heard, now)) {
          ear.heard = id;
          all.push({ subscriber, routingKey, raw });
        }
      }
      return all;
    },
  };
}
