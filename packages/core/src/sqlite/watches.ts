/** The results this process waits for: which, what was seen of them last, and the row that makes others wake us for them. */
import type { Tables } from "./tables.ts";
import type { Turn } from "./turn.ts";

export type ResultChange = readonly [taskId: string, text: string];

interface Watch {
  count: number;
  stamp: number | null;
}

export interface Watches {
  readonly count: number;
  /** true until `enter` has made us known. */
  readonly unknown: boolean;
  /** Makes us known as one who waits for results; from its commit on others wake us. */
  enter(turn: Turn): void;
  leave(turn: Turn): void;
  /** Gives the text that is there now. */
  add(taskId: string, now: number): string | null;
  remove(taskId: string): void;
  /** What changed since it was last seen, of all or of some. */
  changes(now: number, taskIds?: ReadonlySet<string>): readonly ResultChange[];
}

export function createWatches(tables: Tables): Watches {
  const { results, workers, locks } = tables;
  const watches = new Map<string, Watch>();
  let presence: number | null = null;
  let entering = false;

  function changeOf(taskId: string, now: number): ResultChange | null {
    const watch = watches.get(taskId);
    if (watch === undefined) return null;
    const stamp = results.stamp(taskId, now);
    if (stamp === watch.stamp) return null;
    watch.stamp = stamp;
    const text = stamp === null ? null : results.get(taskId, now);
    return text === null ? null : [taskId, text];
  }

  return {
    get count() {
      return watches.size;
    },
    get unknown() {
      return presence === null;
    },
    enter(turn) {
      // Several may be the first of one turn.
      if (entering) return;
      entering = true;
      const entered = () => {
        entering = false;
      };
      turn.onRollback.push(entered);
      const inc = workers.register("results");
      turn.onRollback.push(() => locks.release(inc));
      workers.mark(inc, "watching", true);
      turn.onCommit.push(entered, () => {
        presence = inc;
      });
    },
    leave(turn) {
      const inc = presence;
      if (inc === null) return;
      workers.remove(inc);
      turn.onCommit.push(() => {
        presence = null;
        locks.release(inc);
      });
    },
    add(taskId, now) {
      const watch = watches.get(taskId) ?? { count: 0, stamp: null };
      watch.count += 1;
      // The stamp first: a result that is stored between the two reads is told once more, never missed.
      watch.stamp = results.stamp(taskId, now);
      watches.set(taskId, watch);
      return watch.stamp === null ? null : results.get(taskId, now);
    },
    remove(taskId) {
      const watch = watches.get(taskId);
      if (watch === undefined) return;
      watch.count -= 1;
      if (watch.count === 0) watches.delete(taskId);
    },
    changes(now, taskIds) {
      const asked = taskIds ?? watches.keys();
      const changes: ResultChange[] = [];
      for (const taskId of asked) {
        const change = changeOf(taskId, now);
        if (change !== null) changes.push(change);
      }
      return changes;
    },
  };
}
