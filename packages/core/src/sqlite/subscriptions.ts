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

export function createSubscriptions({ broadcasts, ears: earTable, workers, locks }: Tables): Subscriptions {
  const ears = new Map<number, Ear>();
  let presence: number | null = null;

  function enter(turn: Turn): number {
    const inc = workers.register("listener");
    presence = inc;
    turn.onRollback.push(() => {
      presence = null;
      locks.release(inc);
    });
    return inc;
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
      earTable.add(presence ?? enter(turn), exchange);
      const ear: Ear = { exchange, heard: broadcasts.last() };
      // Known at once: whoever leaves in the same transaction must not take what this one needs.
      ears.set(subscriber, ear);
      turn.onRollback.push(() => ears.delete(subscriber));
    },
    close(turn, subscriber) {
      const left = ears.get(subscriber)?.exchange;
      ears.delete(subscriber);
      if (ears.size === 0) leave(turn);
      else if (left !== undefined && presence !== null && ![...ears.values()].some(({ exchange }) => exchange === left))
        earTable.remove(presence, left);
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
