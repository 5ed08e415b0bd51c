/**
 * The slots of the file. A holder is an incarnation: this process has one for all its slots, known by the lock that it holds for as long
 * as it lives. So a slot needs no renewal, and a paused holder keeps it.
 */
import type { Connection } from "./connection.ts";
import type { LockFiles } from "./lock-file.ts";
import type { Turn } from "./turn.ts";
import type { WorkerTable } from "./worker-table.ts";

export interface Slots {
  /** The number of the slot taken, or null while `limit` are held. */
  take(turn: Turn, key: string, limit: number): number | null;
  free(id: number): void;
  /** Removes what dead holders left. */
  prune(): void;
  /** Gives back what this process holds, and says goodbye. */
  leave(turn: Turn): void;
}

export interface SlotsParts {
  readonly connection: Connection;
  readonly workers: WorkerTable;
  readonly locks: LockFiles;
}

export function createSlots({ connection, workers, locks }: SlotsParts): Slots {
  // Whoever finds an incarnation dead only removes its row in `worker`.
  const pruneDead = connection.query("delete from slot where inc not in (select inc from worker)");
  const holders = connection.query("select inc, count(*) from slot where key = ? group by inc");
  const insert = connection.query("insert into slot (key, inc) values (?, ?) returning id");
  const free = connection.query("delete from slot where id = ? and inc = ?");
  const freeAll = connection.query("delete from slot where inc = ?");
  let presence: number | null = null;

  function countHeld(key: string): number {
    return holders.all([key]).reduce((sum, [, count]) => sum + Number(count), 0);
  }

  function present(turn: Turn): number {
    if (presence === null) {
      const inc = workers.register("slots");
      presence = inc;
      turn.onRollback.push(() => {
        presence = null;
        locks.release(inc);
      });
    }
    return presence;
  }

  return {
    take(turn, key, limit) {
      pruneDead.run([]);
      if (countHeld(key) >= limit) {
        for (const [inc] of holders.all([key])) locks.ifDead(inc as number, () => void workers.remove(inc as number));
        pruneDead.run([]);
        if (countHeld(key) >= limit) return null;
      }
      return Number(insert.all([key, present(turn)])[0]![0]);
    },
    free: (id) => void free.run([id, presence]),
    prune: () => void pruneDead.run([]),
    leave(turn) {
      const inc = presence;
      if (inc === null) return;
      freeAll.run([inc]);
      workers.remove(inc);
      turn.onCommit.push(() => {
        presence = null;
        locks.release(inc);
      });
    },
  };
}
